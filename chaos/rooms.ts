/** What a client needs to know of its conversations in order to act in them; its state proper is the replica. */
import type { Conversation, Message, ServerFrame } from '@parley/protocol';

export interface RecentMessage {
  readonly id: string;
  readonly seq: number;
  readonly senderId: string;
  isDeleted: boolean;
}

export interface Room {
  readonly id: string;
  readonly type: 'direct' | 'group';
  readonly createdBy: string;
  readonly title: string | null;
  /** People of it whom we have seen, at most some dozens. */
  readonly people: Set<string>;
  size: number;
  readonly recent: RecentMessage[];
}

const recentMost = 30;
const peopleMost = 60;

export class Rooms {
  readonly all = new Map<string, Room>();

  put(conversation: Conversation): void {
    const { id, type, created_by: createdBy, title } = conversation;
    const people = new Set(conversation.participants.slice(0, peopleMost).map(({ user_id }) => user_id));
    const size = conversation.participant_count;
    const recent = this.all.get(id)?.recent ?? [];
    this.all.set(id, { id, type, createdBy, title, people, size, recent });
  }

  noteMessage({ conversation_id, id, seq, sender_id, is_deleted }: Message): void {
    const recent = this.all.get(conversation_id)?.recent;
    if (recent === undefined) return;
    const known = recent.find((each) => each.id === id);
    if (known !== undefined) known.isDeleted = is_deleted;
    else recent.push({ id, seq, senderId: sender_id, isDeleted: is_deleted });
    if (recent.length > recentMost) recent.shift();
  }

  /** An event that was received. */
  note(frame: ServerFrame, self: string): void {
    if (frame.type === 'new_message' || frame.type === 'message_updated' || frame.type === 'message_deleted')
      this.noteMessage(frame.message);
    else if (frame.type === 'conversation_created') this.put(frame.conversation);
    else if (frame.type === 'conversation_deleted') this.all.delete(frame.conversation_id);
    else if (frame.type === 'participant_added') {
      if (frame.conversation !== undefined) this.put(frame.conversation);
      else this.all.get(frame.conversation_id)?.people.add(frame.participant.user_id);
    } else if (frame.type === 'participant_removed' && frame.user_id === self)
      this.all.delete(frame.conversation_id);
  }

  /** People whose status is told to us. */
  acquaintances(self: string): string[] {
    const people = new Set<string>();
    for (const room of this.all.values())
      if (room.size <= 200) for (const userId of room.people) people.add(userId);
    people.delete(self);
    return [...people].filter((userId) => !userId.startsWith('silent')).slice(0, 100);
  }
}
