import type { Conversation, Message, SendMessageBody } from '@parley/protocol';
import type { ParleyError } from './errors.ts';

/** A message that was sent and may not have arrived, as it is kept. */
export interface Entry {
  readonly client_id: string;
  readonly conversation_id: string;
  readonly body: SendMessageBody;
  readonly created_at: string;
  /** Their order, as they were sent. */
  readonly order: number;
  /** The last message that there was when it failed: it stays behind that one. */
  readonly after_seq: number | null;
  readonly error: { readonly code: ParleyError['code']; readonly message: string } | null;
}

/** A message that was read, and all before it. */
export interface ReadMark {
  readonly seq: number;
  readonly id: string;
}

/** A conversation as it is kept: with its newest page, if that was read. */
export interface KeptConversation {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
}

/** Where to go on; `isWhole`: all conversations are kept. */
export interface Place {
  readonly format: 1;
  readonly cursor: string;
  readonly isWhole: boolean;
}

/** What there is from last time. */
export interface Kept {
  readonly place: Place | null;
  readonly conversations: readonly KeptConversation[];
  readonly entries: readonly Entry[];
  /** By conversation. */
  readonly reads: ReadonlyMap<string, ReadMark>;
}
