import type { Conversation, Message, Participant, UserStatus } from '@parley/protocol';
import type { ParleyError } from './errors.ts';

/** Where the client is with the server. */
export type ConnectionState =
  /** `connect()` was not called yet, or `close()` was. */
  | { readonly status: 'closed' }
  | { readonly status: 'connecting' }
  /** Connected, and reading what happened meanwhile. */
  | { readonly status: 'catching_up' }
  /** What is shown is what is. */
  | { readonly status: 'live' }
  /** No connection; tries again at `retryAt`, in milliseconds since 1970. */
  | { readonly status: 'waiting'; readonly retryAt: number; readonly error: ParleyError }
  /** The token was refused. Goes on once `getToken` gives another one. */
  | { readonly status: 'refused'; readonly error: ParleyError };

/** A message that the server has. Its `status` tells how far it came: `sent`, `delivered` or `read`. */
export interface ShownMessage extends Message {
  /** Stays the same from the moment of sending on: for lists that need a key. */
  readonly key: string;
}

interface Unsent {
  readonly key: string;
  /** The `client_id`, until the server gives it an id. */
  readonly id: string;
  readonly client_id: string;
  readonly conversation_id: string;
  readonly seq: null;
  readonly sender_id: string;
  readonly content: string;
  readonly message_type: Message['message_type'];
  readonly reply_to_id: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** When it was sent, by this machine's clock. */
  readonly created_at: string;
}

/** On its way. `retryAt`: too many were sent, and it is sent again then, in milliseconds since 1970. */
export interface SendingMessage extends Unsent {
  readonly status: 'sending';
  readonly retryAt: number | null;
}

/** Refused, and why: `retry` or `discard` it. */
export interface FailedMessage extends Unsent {
  readonly status: 'failed';
  readonly error: { readonly code: ParleyError['code']; readonly message: string };
}

export type PendingMessage = SendingMessage | FailedMessage;
/** What a list of messages shows; told apart by `status`. */
export type AnyMessage = ShownMessage | PendingMessage;

/** One conversation as it is shown. Parts that did not change are the same objects as before. */
export interface ConversationState {
  readonly id: string;
  /** `unknown` until it is read; `removed`: you are not in it, or not any more; `deleted`: it is gone. */
  readonly access: 'unknown' | 'member' | 'removed' | 'deleted';
  /** Of a conversation that was lost, the last that was known. */
  readonly conversation: Conversation | null;
  /** Oldest first, without a gap; those not sent yet at the end. The newest, unless `loadAround` or paging went elsewhere. */
  readonly messages: readonly AnyMessage[];
  readonly hasOlder: boolean;
  /** Whether newer ones than these are left out: see `loadNewer` and `loadLatest`. */
  readonly hasNewer: boolean;
  /** Whether a first page was read, or is known from last time. */
  readonly isLoaded: boolean;
  /** Why it could not be read when it was opened; null once it was. Not for want of a connection. */
  readonly error: ParleyError | null;
  /** Everybody who is known, longest-standing first: all of up to 200 once open; of more, see `loadParticipants`. */
  readonly participants: readonly Participant[];
  /** Ids of others who are typing. */
  readonly typing: readonly string[];
}

/** Everything that is shown outside of a conversation. */
export interface ParleyState {
  readonly connection: ConnectionState;
  /** Null until the first token is there. */
  readonly userId: string | null;
  /** Newest activity first, without those archived. */
  readonly conversations: readonly Conversation[];
  readonly archived: readonly Conversation[];
  /** Whether there are more than those: see `loadConversations`. */
  readonly hasMoreConversations: boolean;
  /** Whether there may be more of those archived: see `loadConversations`. */
  readonly hasMoreArchived: boolean;
  /** Over `conversations`, so of those not archived and as far as they are loaded: all of them once there are no more. */
  readonly unread: {
    readonly messages: number;
    /** How many conversations have any. */
    readonly conversations: number;
  };
  /** Of people who were asked for by `watchStatuses`, or changed theirs since. */
  readonly statuses: ReadonlyMap<string, UserStatus>;
}

/** Before anything is known: also what a server renders. */
export const initialState: ParleyState = {
  connection: { status: 'closed' },
  userId: null,
  conversations: [],
  archived: [],
  hasMoreConversations: true,
  hasMoreArchived: true,
  unread: { messages: 0, conversations: 0 },
  statuses: new Map(),
};

/** The same of a conversation; each has its `id` besides. */
export const initialConversationState: Omit<ConversationState, 'id'> = {
  access: 'unknown',
  conversation: null,
  messages: [],
  hasOlder: false,
  hasNewer: false,
  isLoaded: false,
  error: null,
  participants: [],
  typing: [],
};

/** `next`, or `before` if it says the same: arrays and objects one level deep, `metadata` all the way. */
export function keep<T extends object>(before: T | undefined, next: T): T {
  if (before === undefined || before === next) return next;
  const keys = Object.keys(next);
  return keys.length === Object.keys(before).length &&
    keys.every((key) => isSame(key, Reflect.get(before, key), Reflect.get(next, key)))
    ? before
    : next;
}

/** `next`, or `before` if it says the same; so with each of its items. */
export function keepAll<T extends object>(before: readonly T[] = [], next: readonly T[]): T[] {
  const items = next.map((each, index) => keep(before[index], each));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody changes it
  return keep(before as T[], items);
}

/** What is read again comes with metadata of its own. */
const isSame = (key: string, a: unknown, b: unknown): boolean =>
  Object.is(a, b) || (key === 'metadata' && JSON.stringify(a) === JSON.stringify(b));

/** A copy of `now`, or `before` if that says the same; so with each value. */
export function keepMap<K, V extends object>(
  before: ReadonlyMap<K, V>,
  now: ReadonlyMap<K, V>,
): ReadonlyMap<K, V> {
  const next = new Map([...now].map(([key, value]) => [key, keep(before.get(key), value)]));
  return before.size === next.size && [...next].every(([key, value]) => before.get(key) === value)
    ? before
    : next;
}
