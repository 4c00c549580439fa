/** What the domain needs from the outside. Each interface says what it promises; `parley.ts` picks the parts. */
import type {
  Conversation,
  ConversationChange,
  Message,
  MessageType,
  Participant,
  ParticipantRole,
  Profile,
  Receipt,
  ServerFrame,
  SharedConversation,
  SyncAnswer,
  UserStatusType,
  Watermarks,
} from '@parley/protocol';
import type { Actor, UserActor } from './actor.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** One page of something, and what is needed to ask for the next. */
export interface Page<T> {
  readonly items: T[];
  readonly total: number;
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
  readonly page: number;
}

export interface PageRequest {
  readonly page: number;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Somebody's standing in a conversation that exists and is not deleted. */
export interface Access {
  readonly conversationId: string;
  readonly type: 'direct' | 'group';
  readonly lastSeq: number;
  readonly participantCount: number;
  readonly membership: { readonly role: ParticipantRole; readonly isMuted: boolean } | null;
}

// --- people -------------------------------------------------------------------------------------------------------

export interface ProfileStore {
  /**
   * Keeps a token's name and avatar unless a newer token (`issuedAt`, Unix seconds) was seen before. True if others see
   * another name or avatar from now on.
   */
  saveProfile(user: UserActor, issuedAt: number): Promise<boolean>;
}

export interface StatusStore {
  /** What these people set themselves (default `online`), and when they were last connected. */
  readStatuses(
    userIds: readonly string[],
  ): Promise<ReadonlyMap<string, { status: UserStatusType; lastSeenAt: string | null }>>;
  saveStatus(userId: string, status: UserStatusType): Promise<void>;
  /** Nobody twice. It never moves back. */
  saveLastSeen(seen: readonly { readonly userId: string; readonly at: string }[]): Promise<void>;
  /** Which of `userIds` share a conversation with `viewerId`; the viewer is one of them if asked for. */
  acquaintances(viewerId: string, userIds: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface PeopleStore {
  /** Whoever signed in or was last connected most recently first; those who never signed in are not known. */
  recentPeople(limit: number): Promise<Profile[]>;
}

// --- conversations --------------------------------------------------------------------------------------------------

export interface NewConversation {
  readonly id: string;
  readonly type: 'direct' | 'group';
  readonly title: string | null;
  readonly metadata: Record<string, unknown>;
  readonly createdBy: string;
  /** In the order in which they are to stand; no id twice. */
  readonly members: readonly { readonly userId: string; readonly role: ParticipantRole }[];
}

/** A retry's key. `hash` is over the request's meaning: equal for equal requests. */
export interface IdempotencyKey {
  readonly userId: string;
  readonly place: string;
  readonly clientId: string;
  readonly hash: Buffer;
}

/** What a creation came to. */
export interface Outcome {
  /** It was there already, by another request. A retry of such a request says so again. */
  readonly existed: boolean;
  /** This was a retry: nothing was done. */
  readonly replayed: boolean;
}

export interface ConversationStore {
  /** Creates it, or answers the pair's direct conversation that is there. Atomic with its idempotency key. What was
   *  created is answered as its creator sees it, so that nothing need be read between the commit and telling others.
   *  @throws Refusal `idempotency_conflict` */
  create(
    creator: Actor,
    conversation: NewConversation,
    key: IdempotencyKey | null,
  ): Promise<Outcome & { id: string; conversation: Conversation | null }>;
  /** Null where there is none or it is deleted. */
  access(conversationId: string, actor: Actor): Promise<Access | null>;
  /** As `viewer` sees them, in the order of `ids`; those that are not there are left out. */
  readMany(ids: readonly string[], viewer: Actor): Promise<Conversation[]>;
  /** Newest activity first. */
  list(viewer: Actor, archived: boolean, page: PageRequest): Promise<Page<Conversation>>;
  /** Every present conversation of somebody with its version, and the catch-up cursor of the same moment. */
  subscriptions(
    userId: string,
  ): Promise<{ cursor: string; conversations: { id: string; version: number; participantCount: number }[] }>;
  /** In which conversations of at most `atMost` people each of these people is; who is in none is left out. */
  smallConversations(
    userIds: readonly string[],
    atMost: number,
  ): Promise<ReadonlyMap<string, readonly string[]>>;
}

/**
 * A transaction that holds one conversation's lock: what is read here stays true until it ends, and all that it
 * writes becomes visible at once, at the end, or not at all.
 */
export interface ConversationTransaction {
  readonly conversation: SharedConversation;
  /** The actor's present membership. */
  readonly membership: Access['membership'];
  findParticipant(userId: string): Promise<Participant | null>;
  /** The conversation as it will be, as somebody will see it. */
  viewFor(userId: string): Promise<Conversation>;
  /** Takes the next version of the conversation, for one change. */
  nextVersion(): number;
  /** Changes what everybody sees of the conversation itself. */
  changeConversation(
    changes: Partial<Pick<SharedConversation, 'title' | 'metadata' | 'is_archived' | 'is_deleted'>>,
  ): SharedConversation;
  addParticipant(userId: string, role: ParticipantRole): Promise<Participant>;
  updateParticipant(
    userId: string,
    changes: { role?: ParticipantRole; isMuted?: boolean },
  ): Promise<Participant>;
  /** Answers how many participants remain. */
  removeParticipant(userId: string): Promise<number>;
  adminCount(): Promise<number>;
  /** Who becomes admin when nobody is: the longest-standing moderator, else participant. */
  successor(): Promise<Participant | null>;
  /** Answers what was kept for a retry. If the key is new, does `work`, keeps what it answers, and answers null. */
  claim(key: IdempotencyKey, work: () => Promise<string>): Promise<string | null>;
  /** A message of this conversation, locked; null where there is none. */
  findMessage(
    messageId: string,
  ): Promise<{ senderId: string; isDeleted: boolean; messageType: MessageType } | null>;
  editMessage(messageId: string, content: string): Promise<Message>;
  /** Leaves a tombstone and answers it with the blobs that nothing needs any more. */
  deleteMessage(messageId: string): Promise<{ message: Message; blobKeys: string[] }>;
}

export interface ParticipantStore {
  list(conversationId: string, page: PageRequest): Promise<Page<Participant>>;
  /** Runs `work` under the conversation's lock; null where there is none. */
  inConversation<T>(
    conversationId: string,
    actor: Actor,
    work: (tx: ConversationTransaction) => Promise<T>,
  ): Promise<T | null>;
}

// --- messages -------------------------------------------------------------------------------------------------------

export interface NewMessage {
  readonly id: string;
  readonly conversationId: string;
  readonly sender: Actor;
  readonly content: string;
  readonly messageType: MessageType;
  readonly replyToId: string | null;
  readonly metadata: Record<string, unknown>;
  readonly clientId: string | null;
  /** Over the request's meaning; null without a `clientId`. */
  readonly hash: Buffer | null;
}

export interface SentMessage {
  readonly message: Message;
  readonly replayed: boolean;
}

/** One item of a history page: by page number or around a place. */
export type HistoryRequest = { readonly limit: number } & (
  | { readonly kind: 'page'; readonly page: number }
  | { readonly kind: 'before'; readonly seq: number }
  | { readonly kind: 'after'; readonly seq: number }
  | { readonly kind: 'around'; readonly seq: number }
  | { readonly kind: 'around_id'; readonly messageId: string }
);

/** A page and what it takes to judge whether somebody may see it, of the same moment. */
export interface HistoryAnswer {
  readonly access: Access;
  /** Null where the message that was asked for is none of this conversation. */
  readonly page: Page<Message> | null;
}

export interface MessageWriter {
  /**
   * Appends a message. When it resolves, the message is durable, has the next `seq` and `version` of its
   * conversation, and its sender's watermark stands at it. Safe to retry with the same `clientId`.
   * @throws Refusal `conversation_not_found`, `not_participant`, `insufficient_role`, `muted`, `reply_not_found`,
   * `idempotency_conflict`, `unavailable`
   */
  append(message: NewMessage): Promise<SentMessage>;
}

export interface MessageStore {
  /** Where a message is; null where there is none, or its conversation is deleted. */
  locate(messageId: string): Promise<{ conversationId: string; seq: number; senderId: string } | null>;
  /** For `actor`, who may turn out not to be in it; null where there is no such conversation. */
  history(conversationId: string, actor: Actor, request: HistoryRequest): Promise<HistoryAnswer | null>;
  /** Replies to a message, newest first. */
  replies(access: Access, messageId: string, page: PageRequest): Promise<Page<Message>>;
  read(messageId: string): Promise<Message | null>;
}

export interface ReadMove {
  readonly conversationId: string;
  readonly messageId: string;
  readonly lastReadSeq: number;
  readonly unreadCount: number;
  readonly participantCount: number;
  /** False if they had read that far before. */
  readonly moved: boolean;
}

export interface DeliveredMove {
  readonly conversationId: string;
  readonly userId: string;
  readonly lastSeq: number;
}

/** A delivery that moved a watermark. */
export interface Delivered extends DeliveredMove {
  readonly participantCount: number;
}

export interface ReceiptStore {
  /** `conversationId`: where the message must be, unless null.
   *  @throws Refusal `message_not_found`, `not_participant` */
  markRead(userId: string, messageId: string, conversationId: string | null): Promise<ReadMove>;
  /** Moves watermarks forward where they lie behind and the person is still a participant; answers those that moved. */
  markDelivered(moves: readonly DeliveredMove[]): Promise<Delivered[]>;
  list(
    access: Access,
    message: { seq: number; senderId: string },
    page: PageRequest,
  ): Promise<Page<Receipt> & { deliveredCount: number; readCount: number }>;
}

// --- catching up ----------------------------------------------------------------------------------------------------

/**
 * A moment in the database's time: every transaction below `xid` had ended, and what it wrote could be read. Of another
 * `epoch` it says nothing.
 */
export interface Horizon {
  readonly epoch: number;
  readonly xid: number;
}

export interface SyncRequest {
  readonly userId: string;
  /** The transaction id since which. */
  readonly since: number;
  /** The conversation with which the page before ended; null for the first page. */
  readonly after: string | null;
}

export interface SyncPage extends Pick<SyncAnswer, 'conversations' | 'removed' | 'users'> {
  /** Of the moment at which this page was read. */
  readonly horizon: Horizon;
  /** The conversation with which this page ends, if there is more; they come by id. */
  readonly next: string | null;
}

export interface SyncStore {
  /** Now. */
  horizon(): Promise<Horizon>;
  /**
   * One page of what changed for somebody, everything in it of one moment that is not before the call. It costs by what
   * changed. Calls of the same time share their reading; when too many wait, it refuses with `unavailable`.
   */
  page(request: SyncRequest): Promise<SyncPage>;
}

/** Changes of a conversation as they are kept: in their present state, what a later one replaced left out. */
export interface MissedChanges {
  readonly conversationId: string;
  /** Up to here nothing is missing any more. */
  readonly upTo: number;
  readonly participantCount: number;
  /** By version, each once; the opening itself is not among them. */
  readonly changes: readonly ConversationChange[];
  /** Who came, or came back, among these changes, whether they are still there or not. */
  readonly joined: readonly { readonly userId: string; readonly version: number }[];
  /** Who is out, by a change that is beyond `upTo`, and its version. */
  readonly gone: readonly { readonly userId: string; readonly version: number }[];
  /** By the version of a change that shows what became so later: the version at which it did. */
  readonly shownAt: ReadonlyMap<number, number>;
}

export interface MovedWatermarks extends Watermarks {
  readonly conversationId: string;
  /** The message at `last_read_seq`; null where nothing was read. */
  readonly messageId: string | null;
}

/** What a node reads to learn of changes of which no event reached it. */
export interface ChangeStore {
  /** What changed at or after `since` (null: nothing but the horizon): conversations, and who came to which. */
  changedSince(since: Horizon | null): Promise<{
    readonly horizon: Horizon;
    readonly conversations: readonly { readonly id: string; readonly version: number }[];
    readonly joined: readonly {
      readonly conversationId: string;
      readonly userId: string;
      readonly version: number;
    }[];
  }>;
  /** Watermarks that moved at or after `since` in those of these conversations that have at most 200 people. */
  receiptsSince(since: Horizon, conversationIds: readonly string[]): Promise<readonly MovedWatermarks[]>;
  /** The same of single people, wherever they are: in larger ones receipts are told to their reader alone. */
  receiptsOf(
    since: Horizon,
    people: readonly { readonly conversationId: string; readonly userId: string }[],
  ): Promise<readonly MovedWatermarks[]>;
  /** Whose name or avatar changed at or after `since`, and where they are. */
  profilesSince(
    since: Horizon,
  ): Promise<readonly (Profile & { readonly conversationIds: readonly string[] })[]>;
  /** The changes after a version, oldest first, at most some hundreds of each; a deleted conversation's last. */
  changesAfter(
    places: readonly { readonly conversationId: string; readonly version: number }[],
  ): Promise<readonly MissedChanges[]>;
}

// --- files ----------------------------------------------------------------------------------------------------------

/** What the database knows of an uploaded file. */
export interface StoredAttachment {
  readonly id: string;
  readonly conversationId: string;
  readonly uploaderId: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly size: number;
  readonly sha256: string;
  readonly blobKey: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly thumbnailKey: string | null;
}

export interface BlobRange {
  /** First and last byte, both included. */
  readonly start: number;
  readonly end: number;
}

export interface BlobStore {
  /** Streams `source` to `key`; when it resolves the bytes are durable, when it rejects nothing is left. */
  put(key: string, source: AsyncIterable<Uint8Array>, contentType: string): Promise<void>;
  /** @throws if there is no such blob */
  get(key: string, range?: BlobRange): Promise<AsyncIterable<Uint8Array>>;
  /** Does nothing if it is gone already. */
  remove(key: string): Promise<void>;
  /** Throws, with a sentence for an operator, if it can't be written to. */
  check(): Promise<void>;
}

// --- telling people -------------------------------------------------------------------------------------------------

/** Who is to receive an event. */
export type Audience =
  /** Every connected participant; those who `joined` it only, if so. */
  | {
      readonly kind: 'conversation';
      readonly conversationId: string;
      readonly joinedOnly?: boolean;
      readonly except?: string;
    }
  /** Every connection of these people. */
  | { readonly kind: 'users'; readonly userIds: readonly string[] }
  /** Every connected participant of any of these conversations, once. */
  | { readonly kind: 'conversations'; readonly conversationIds: readonly string[]; readonly except?: string };

export interface BusEvent {
  readonly audience: Audience;
  readonly frame: ServerFrame;
  /** What one person receives in place of `frame`. */
  readonly personal?: { readonly userId: string; readonly frame: ServerFrame };
}

/** What a node listens for on behalf of the people connected to it. */
export interface Topic {
  readonly kind: 'conversation' | 'user';
  readonly id: string;
}

/**
 * Carries events to the hub of every node that follows what they are about, this one included, at most once or twice and
 * without a promise of order: a hint. Durable state never depends on it. Nothing here throws or waits.
 *
 * An event for a conversation reaches those who follow it, and whom it puts into it; one for people those who follow
 * them; one for `conversations` every node.
 */
export interface Bus {
  publish(event: BusEvent): void;
  subscribe(listener: (event: BusEvent) => void): () => void;
  /** Takes effect soon; `onUncertain` says when. */
  follow(topic: Topic): void;
  unfollow(topic: Topic): void;
  /**
   * `listener` is told that events published since a time (milliseconds since 1970) may have been missed and that later
   * ones are not: a topic is followed as of now, or what was interrupted works again.
   */
  onUncertain(listener: (since: number) => void): () => void;
  close(): Promise<void>;
}
