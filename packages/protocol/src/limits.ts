/** Every size, count and time that a client can meet, in one place. Units are in the names or beside the value. */
export const limits = {
  /** Characters of a user's id: the `sub` of their token. */
  userIdLength: 128,
  /** Characters of a `client_id` or an `Idempotency-Key`. */
  clientIdLength: 64,
  /** Code points of a message's text. */
  contentLength: 5000,
  /** Code points of a conversation's title. */
  titleLength: 200,
  /** Code points of a parent's text that a reply repeats as `reply_to_content`. */
  replyPreviewLength: 200,
  /** Bytes of `metadata` once written as JSON in UTF-8. */
  metadataBytes: 8 * 1024,
  /** Bytes of a JSON or form body, and of a WebSocket frame. */
  bodyBytes: 64 * 1024,
  /** People that one call can put into a conversation. */
  participantsPerCall: 1000,
  /** Participants that a conversation carries in itself; the rest are listed by their own endpoint. */
  participantsShown: 100,
  /** Above this many people a conversation's receipts and status changes are not sent to everybody. */
  receiptAudience: 200,
  /** Ids in one `GET /users/status`. */
  statusIds: 100,
  /** Items of a page: the most, and unless asked otherwise. */
  pageMax: 100,
  pageDefault: 50,
  /** WebSockets of one person at one node; the service role may have any number. */
  socketsPerUser: 50,
  /** Seconds of a rate limit's longest window: what timers can hold, some 23 days. */
  rateLimitWindow: 2_000_000,
  /** Milliseconds without a new `typing_start` after which somebody has stopped typing. */
  typingMs: 6000,
  /** Milliseconds between a person's last connection closing and their being shown as offline. */
  presenceGraceMs: 10_000,
} as const;

export const limitTypes = [
  'message_send',
  'conversation_create',
  'file_upload',
  'websocket_connect',
  'general',
] as const;
export type LimitType = (typeof limitTypes)[number];

export const appRoles = ['admin', 'moderator', 'teacher', 'student'] as const;
/** A person's role in the application, from `app_metadata.role`. It decides their rate limits and nothing else. */
export type AppRole = (typeof appRoles)[number];

/** `[count, seconds]`: at most `count` requests in each window of `seconds`. */
export type RateLimit = readonly [count: number, seconds: number];
export type RateLimits = Readonly<Record<LimitType, Readonly<Record<AppRole, RateLimit>>>>;

const everyRole = (limit: RateLimit) => ({
  admin: limit,
  moderator: limit,
  teacher: limit,
  student: limit,
});

/** The spec's limits; `RATE_LIMITS` overrides single entries. */
export const defaultRateLimits: RateLimits = {
  message_send: { admin: [50, 60], moderator: [30, 60], teacher: [20, 60], student: [10, 60] },
  conversation_create: {
    admin: [20, 300],
    moderator: [10, 300],
    teacher: [8, 300],
    student: [5, 300],
  },
  file_upload: everyRole([3, 60]),
  websocket_connect: everyRole([10, 60]),
  general: everyRole([100, 60]),
};
