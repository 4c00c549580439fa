import type { Conversation, DeliveryStatus, Message, Participant, ParticipantRole } from '@parley/protocol';

/** A conversation as its replica has it. What the getters answer is never changed afterwards. */
export interface ReplicaConversation {
  readonly id: string;
  readonly version: number;
  readonly last_seq: number;
  readonly participant_count: number;
  readonly last_message_at: string;
  readonly is_archived: boolean;
  readonly my_role: ParticipantRole | null;
  readonly unread_count: number;
  /** Null if there is none, or it was not read. */
  readonly last_message: Message | null;
  /** The longest-standing, as a conversation shows them. */
  readonly participants: readonly Participant[];
  /** Whether others' receipts are not told and every message counts as sent. */
  readonly isLarge: boolean;
  /** From this `seq` on every message is held; of older ones, those that were read or have changed since. */
  readonly messages_from: number;
  /** Whether everybody is held, not only the longest-standing. */
  readonly knowsEverybody: boolean;
  /** As `GET /conversations/{id}` answers it. */
  toConversation(): Conversation;
  /** Everybody who is held, in the order of joining. */
  everybody(): Participant[];
  /** As lists of messages show it. */
  message(seq: number): Message | undefined;
  /** The `seq`s that are held, in no order. */
  seqs(): IterableIterator<number>;
  /** The `seq` of a message that is held. */
  seqOf(messageId: string): number | undefined;
  /** Forgets messages but the newest `count`, and those from `from` to `to`. */
  retain(count: number, from?: number, to?: number): void;
  /** The weakest over the other participants; as it was last told while not everybody is known. */
  statusOf(message: Message): DeliveryStatus;
}
