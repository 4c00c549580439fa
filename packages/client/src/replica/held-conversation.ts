import type {
  Conversation,
  ConversationChange,
  ConversationSync,
  DeliveryStatus,
  Message,
  Participant,
  ParticipantRole,
  Profile,
  SharedConversation,
} from '@parley/protocol';
import type { ReplicaConversation } from './conversation.ts';
import { limits } from './limits.ts';
import { MessageLog } from './message-log.ts';
import { Roster, type Move } from './roster.ts';
import { statusOf } from './status.ts';

/** What changes a conversation that is held; what opens and ends one is for the replica itself. */
export type InnerChange = Exclude<
  ConversationChange,
  { type: 'conversation_created' } | { type: 'conversation_deleted' }
>;

/** How many replies may arrive while a page is read. */
const repliesKept = 100;

type Itself = Omit<Conversation, 'participants'>;

export class HeldConversation implements ReplicaConversation {
  readonly #userId: string;
  readonly #roster = new Roster();
  readonly #log: MessageLog;
  #info: SharedConversation;
  #myRole: ParticipantRole | null;
  /** One's own watermark, which is known even where one is not among those who are held. */
  #read: number;
  /** The last replies that came: their parents, and the versions at which they were sent. */
  readonly #replies: { readonly id: string; readonly version: number }[] = [];

  constructor(userId: string, conversation: Conversation) {
    const { participants, ...itself } = conversation;
    this.#userId = userId;
    this.#log = new MessageLog(itself.last_seq);
    this.#info = infoOf(itself);
    this.#myRole = itself.my_role;
    this.#read = itself.last_seq - itself.unread_count;
    this.#roster.replace(participants, itself.participant_count);
    this.#takeItself(itself);
  }

  // --- what there is --------------------------------------------------------------------------------------------------

  get id(): string {
    return this.#info.id;
  }
  get version(): number {
    return this.#info.version;
  }
  get last_seq(): number {
    return this.#info.last_seq;
  }
  get last_message_at(): string {
    return this.#info.last_message_at;
  }
  get is_archived(): boolean {
    return this.#info.is_archived;
  }
  get participant_count(): number {
    return this.#info.participant_count;
  }
  get my_role(): ParticipantRole | null {
    return this.#myRole;
  }
  get unread_count(): number {
    return this.#myRole === null ? 0 : Math.max(0, this.#info.last_seq - this.#read);
  }
  get last_message(): Message | null {
    return this.message(this.#info.last_seq) ?? null;
  }
  get participants(): Participant[] {
    return this.#roster.first(limits.participantsShown);
  }
  get isLarge(): boolean {
    return this.#info.participant_count > limits.receiptAudience;
  }
  get messages_from(): number {
    return this.#log.from;
  }
  get knowsEverybody(): boolean {
    return this.#roster.isComplete;
  }
  /** Whether all of its messages and participants are here. */
  get isWhole(): boolean {
    return this.#log.from <= 1 && this.#roster.isComplete;
  }

  toConversation(): Conversation {
    const { participants, last_message, my_role, unread_count } = this;
    return { ...this.#info, participants, last_message, my_role, unread_count };
  }

  everybody(): Participant[] {
    return [...this.#roster.values()];
  }

  message(seq: number): Message | undefined {
    const held = this.#log.get(seq);
    if (held === undefined) return undefined;
    return { ...held, reply_to_content: this.#log.replyToContent(held), status: this.statusOf(held) };
  }

  seqs(): IterableIterator<number> {
    return this.#log.seqs;
  }

  seqOf(messageId: string): number | undefined {
    return this.#log.seqOf(messageId);
  }

  retain(count: number, from = 0, to = 0): void {
    this.#log.retain(this.last_seq, count, from, to);
  }

  statusOf(message: Message): DeliveryStatus {
    if (this.isLarge) return 'sent';
    return this.#roster.isComplete ? statusOf(message, this.#roster.values()) : message.status;
  }

  // --- what was read --------------------------------------------------------------------------------------------------

  /** Older than what is held: only its watermarks are news, if at all. */
  putConversation({ participants, ...itself }: Conversation): void {
    if (itself.version > this.version) this.#roster.replace(participants, itself.participant_count);
    else if (itself.version === this.version) this.#roster.extend(participants, itself.participant_count);
    if (itself.last_seq > this.last_seq) this.#log.skipTo(itself.last_seq);
    this.#takeItself(itself);
  }

  putMessages(messages: readonly Message[]): void {
    for (const message of messages) this.#putMessage(message, true);
    // A reply may have arrived after its parent's page was read and before it came.
    for (const { id, version } of this.#replies) this.#log.countReply(id, version);
  }

  putParticipants(participants: readonly Participant[]): void {
    this.#roster.extend(participants, this.#info.participant_count);
    for (const { user_id, last_read_seq } of participants) this.#noteOwn(user_id, { last_read_seq });
  }

  /** True if it must be read anew by its pages. */
  putSync(entry: ConversationSync): boolean {
    const { conversation, participants, removed_user_ids: removed, messages } = entry;
    const wasLarge = this.isLarge;
    if (entry.reset) {
      this.#roster.replace([], Infinity);
      this.#log.clear(conversation.last_seq);
    }
    if (entry.version >= this.version && !entry.reset) {
      for (const userId of removed) this.#roster.remove(userId, conversation.participant_count);
      for (const participant of participants) this.#admit(participant);
    }
    this.#takeItself({ ...conversation, version: entry.version });
    for (const message of messages) this.#putMessage(message, true);
    for (const { user_id, ...move } of entry.receipts) this.move(user_id, move);
    return entry.reset || this.#lacksPeople(wasLarge);
  }

  // --- what was told --------------------------------------------------------------------------------------------------

  /** Takes a change that is news. True if it must be read anew by its pages. */
  apply(frame: InnerChange): boolean {
    const wasLarge = this.isLarge;
    this.#carryOut(frame);
    this.#info = { ...this.#info, version: frame.version };
    return this.#lacksPeople(wasLarge);
  }

  move(userId: string, move: Move): void {
    this.#roster.move(userId, move);
    this.#noteOwn(userId, move);
  }

  rename(profile: Profile): void {
    this.#roster.rename(profile);
    this.#log.rename(profile);
  }

  #carryOut(frame: InnerChange): void {
    switch (frame.type) {
      case 'new_message':
        this.#arrive(frame.message);
        if (frame.message.reply_to_id !== null) this.#countReply(frame.message.reply_to_id, frame.version);
        return;
      case 'message_updated':
      case 'message_deleted':
        this.#arrive(frame.message);
        return;
      case 'conversation_updated':
        this.#info = {
          ...frame.conversation,
          last_seq: Math.max(frame.conversation.last_seq, this.last_seq),
        };
        return;
      case 'participant_added':
        this.#admit(frame.participant);
        this.#count(frame.participant_count);
        return;
      case 'participant_updated':
        this.#roster.update(frame.participant);
        if (frame.participant.user_id === this.#userId) this.#myRole = frame.participant.role;
        return;
      case 'participant_removed':
        this.#roster.remove(frame.user_id, frame.participant_count);
        this.#count(frame.participant_count);
        return;
    }
  }

  #countReply(id: string, version: number): void {
    this.#log.countReply(id, version);
    this.#replies.push({ id, version });
    if (this.#replies.length > repliesKept) this.#replies.shift();
  }

  /** Who comes back may have another name than when they wrote what is here: nobody was told of it meanwhile. */
  #admit(participant: Participant): void {
    this.#roster.add(participant);
    this.#log.rename(participant);
  }

  /** Whoever sent a message has read all before it. The service role has no watermarks. */
  #arrive(message: Message): void {
    const { seq, sender_id: senderId, created_at: at } = message;
    this.#putMessage(message, false);
    if (seq > this.last_seq) this.#info = { ...this.#info, last_seq: seq, last_message_at: at };
    if (senderId !== 'system') this.move(senderId, { last_read_seq: seq });
  }

  /** A token may know an older name of its bearer than others see: the participant's is the one that counts. */
  #putMessage(message: Message, read: boolean): void {
    const name = this.#roster.get(message.sender_id)?.display_name ?? message.sender_name;
    this.#log.put(name === message.sender_name ? message : { ...message, sender_name: name }, read);
  }

  /** Takes the conversation itself as it was read. */
  #takeItself(itself: Itself): void {
    if (itself.version >= this.version) {
      this.#info = infoOf(itself);
      this.#myRole = itself.my_role;
    }
    if (itself.my_role !== null)
      this.#noteOwn(this.#userId, { last_read_seq: itself.last_seq - itself.unread_count });
    if (itself.last_message !== null) this.#putMessage(itself.last_message, true);
  }

  #noteOwn(userId: string, { last_read_seq: seq = 0 }: Move): void {
    if (userId === this.#userId && seq > this.#read) this.#read = seq;
  }

  #count(participantCount: number): void {
    this.#info = { ...this.#info, participant_count: participantCount };
  }

  /**
   * Whether participants must be read: nobody told their receipts while there were too many of them, or somebody whom
   * nobody told of is now among the longest-standing.
   */
  #lacksPeople(wasLarge: boolean): boolean {
    const shown = Math.min(this.#info.participant_count, limits.participantsShown);
    return (wasLarge && !this.isLarge) || this.#roster.size < shown;
  }
}

const infoOf = ({ last_message: _, my_role: __, unread_count: ___, ...info }: Itself): SharedConversation =>
  info;
