import type { Conversation, Message, Participant } from '@parley/protocol';
import type { ReplicaConversation } from './conversation.ts';

/** Somebody as a snapshot shows them: without watermarks where nobody tells them. */
export type SnapshotParticipant = Participant | Omit<Participant, 'last_read_seq' | 'last_delivered_seq'>;

export interface ConversationSnapshot {
  readonly conversation: Omit<Conversation, 'participants'> & {
    readonly participants: readonly SnapshotParticipant[];
  };
  /** In the order of joining: everybody, or the longest-standing. */
  readonly participants: readonly SnapshotParticipant[];
  readonly participants_complete: boolean;
  /** From this `seq` on all messages are below; of older ones, some. */
  readonly messages_from: number;
  /** By `seq`. */
  readonly messages: Readonly<Record<number, Message>>;
}

export interface Snapshot {
  readonly conversations: Readonly<Record<string, ConversationSnapshot>>;
}

/** Leaves out what is not told: others' watermarks in a conversation of more than 200 people. */
export function snapshotParticipants(
  participants: readonly Participant[],
  viewerId: string,
  isLarge: boolean,
): readonly SnapshotParticipant[] {
  if (!isLarge) return participants;
  return participants.map((participant) => {
    if (participant.user_id === viewerId) return participant;
    const { last_read_seq: _, last_delivered_seq: __, ...shown } = participant;
    return shown;
  });
}

/** A plain, comparable object: of what a replica holds, what a fresh read would give. */
export function snapshotOf({
  userId,
  conversations,
}: {
  readonly userId: string;
  readonly conversations: ReadonlyMap<string, ReplicaConversation>;
}): Snapshot {
  const entries = [...conversations].map(
    ([id, conversation]) => [id, conversationSnapshot(userId, conversation)] as const,
  );
  return { conversations: Object.fromEntries(entries) };
}

function conversationSnapshot(userId: string, held: ReplicaConversation): ConversationSnapshot {
  const conversation = held.toConversation();
  const shown = (people: readonly Participant[]) => snapshotParticipants(people, userId, held.isLarge);
  const messages: Record<number, Message> = {};
  for (const seq of held.seqs()) {
    const message = held.message(seq);
    if (message !== undefined) messages[seq] = message;
  }
  return {
    conversation: { ...conversation, participants: shown(conversation.participants) },
    participants: shown(held.everybody()),
    participants_complete: held.knowsEverybody,
    messages_from: held.messages_from,
    messages,
  };
}
