import type { Conversation, Message, ServerFrame, SyncAnswer } from '@parley/protocol';
import { toParleyError, type ParleyError } from './errors.ts';
import type { ParleyEvent } from './events.ts';
import type { Host } from './host.ts';
import { pauseAfter } from './platform.ts';
import type { ReplicaConversation } from './replica/conversation.ts';
import { limits } from './replica/limits.ts';
import { Replica } from './replica/replica.ts';
import { Typing } from './typing.ts';

/** Conversations of a page of the list. */
const listLimit = 100;

/** Frames that are answers, not news. */
const answers = /^(connected|sync|pong|token_refreshed|(joined|left)_conversation|.*_ack)$/;
const isNews = (frame: ServerFrame): frame is ServerFrame & ParleyEvent => !answers.test(frame.type);

/** A conversation that is being read. */
interface UnderRead {
  /** Events that wait for that. */
  readonly waiting: ServerFrame[];
  /** Whether something that does not wait has told of it since it was asked for: what is read may be older than that. */
  isOvertaken: boolean;
  outcome: Promise<ParleyError | null>;
}

/** What is known of the server's state: takes its frames and answers, and reads anew what those could not tell. */
export class Store {
  readonly replica: Replica;
  readonly typing: Typing;
  /** Where the list of conversations goes on: `undefined` at its beginning, null at its end. */
  listCursor: string | null | undefined;
  /** Whether all of those archived were read. */
  knowsArchive = false;
  /** Counts connections and catch-ups: what an earlier one began must not go on. */
  run = 0;
  readonly #host: Host;
  readonly #confirm: (message: Message, isKnown: boolean) => void;
  readonly #reading = new Map<string, UnderRead>();
  /**
   * Where the lists of participants go on. By cursors: pages that are counted move where somebody before them leaves, and
   * people between two of them would be missing.
   */
  readonly #peopleAfter = new WeakMap<ReplicaConversation, string>();
  /** Whose status was told of since they were asked for, for each time that some were. */
  readonly #told = new Set<Set<string>>();
  /** The last message of each conversation that was told of. */
  readonly #heard = new Map<string, number>();
  /** Conversations that one was in and is not any more. */
  readonly #lost = new Set<string>();

  /** `confirm`: the server has a message of one's own; `isKnown`: so has the replica. */
  constructor(host: Host, userId: string, confirm: (message: Message, isKnown: boolean) => void) {
    this.#host = host;
    this.#confirm = confirm;
    this.replica = new Replica(userId);
    this.typing = new Typing((id) => host.changed(id));
  }

  get(id: string): ReplicaConversation | undefined {
    return this.replica.conversations.get(id);
  }

  /** Whether less is held of a conversation than it shows of itself. */
  lacks(id: string): boolean {
    const held = this.get(id);
    return (
      held === undefined ||
      held.participants.length < Math.min(limits.participantsShown, held.participant_count)
    );
  }

  // --- reading --------------------------------------------------------------------------------------------------------

  /** Reads the next page of the list of conversations; answers where that goes on. */
  async list(archived: boolean, cursor?: string | null): Promise<string | null> {
    const page = await this.#host.api.listConversations({
      limit: listLimit,
      ...(archived && { archived }),
      ...(typeof cursor === 'string' && { cursor }),
    });
    // What is held is followed by its events; what is read must not overtake them.
    for (const conversation of page.conversations) this.put(conversation);
    return page.next_cursor;
  }

  /** Takes a conversation that was read, if none is held. */
  put(conversation: Conversation): void {
    const { id } = conversation;
    if (this.get(id) !== undefined || this.#reading.has(id)) return;
    this.replica.putConversation(conversation);
    this.#host.changed(id);
  }

  /**
   * Reads a conversation by its pages, in place of what is held of it; events about it wait for that. Answers why it could
   * not be done; it is tried again then.
   */
  read(id: string): Promise<ParleyError | null> {
    const under = this.#reading.get(id);
    if (under !== undefined) return under.outcome;
    const reading: UnderRead = { waiting: [], isOvertaken: false, outcome: Promise.resolve(null) };
    this.#reading.set(id, reading);
    reading.outcome = this.#tryToRead(id, reading).finally(() => {
      this.#reading.delete(id);
      for (const frame of reading.waiting) this.take(frame);
      this.#host.changed(id);
      this.#host.views.get(id)?.reread();
    });
    return reading.outcome;
  }

  /** Reads the next participants that are not held yet. True if there may be more. */
  async readPeople(id: string): Promise<boolean> {
    const held = this.get(id);
    if (held === undefined || held.knowsEverybody) return false;
    const before = held.everybody().length;
    let cursor = this.#peopleAfter.get(held);
    do {
      const page = await this.#host.api.listParticipants(id, {
        limit: limits.participantsShown,
        ...(cursor !== undefined && { cursor }),
      });
      // It was read anew meanwhile: what is held of it ends elsewhere now.
      if (this.get(id) !== held) return true;
      this.replica.putParticipants(id, page.participants);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined && held.everybody().length <= before);
    if (cursor === undefined) this.#peopleAfter.delete(held);
    else this.#peopleAfter.set(held, cursor);
    this.#host.changed(id);
    return cursor !== undefined;
  }

  /** Reads how people are. What is told of somebody meanwhile is newer. */
  async readStatuses(userIds: readonly string[]): Promise<void> {
    const told = new Set<string>();
    this.#told.add(told);
    try {
      const statuses = await this.#host.api.getStatuses(userIds);
      this.replica.putStatuses(statuses.filter(({ user_id }) => !told.has(user_id)));
    } finally {
      this.#told.delete(told);
    }
  }

  async #tryToRead(id: string, reading: UnderRead): Promise<ParleyError | null> {
    const { run } = this;
    try {
      await this.#readNow(id, reading);
    } catch (thrown) {
      const error = toParleyError(thrown);
      if (error.code === 'conversation_not_found') this.#lose(id, 'deleted');
      else if (error.code === 'not_participant') this.#lose(id, 'removed');
      else {
        void this.#readLater(id, run, error);
        return error;
      }
    }
    return null;
  }

  /** A catch-up that begins meanwhile tells what is missed here. */
  async #readLater(id: string, run: number, error: ParleyError): Promise<void> {
    await pauseAfter(error);
    if (run === this.run) await this.read(id);
  }

  async #readNow(id: string, reading: UnderRead): Promise<void> {
    const { api, views } = this.#host;
    reading.isOvertaken = false;
    const conversation = await api.getConversation(id);
    const messages = views.get(id)?.isShown === true ? (await api.listMessages(id)).messages : [];
    if (reading.isOvertaken || (this.get(id)?.version ?? 0) > conversation.version)
      return this.#readNow(id, reading);
    this.replica.forget(id);
    this.replica.putConversation(conversation);
    this.replica.putMessages(id, messages);
  }

  // --- taking ---------------------------------------------------------------------------------------------------------

  take(frame: ServerFrame): void {
    const id = 'conversation_id' in frame ? (frame.conversation_id ?? '') : '';
    const reading = this.#reading.get(id);
    if (reading !== undefined) return void reading.waiting.push(frame);
    const held = this.get(id);
    const isOld =
      frame.type === 'new_message'
        ? !this.#isNews(id, frame.message.seq)
        : 'version' in frame && frame.version <= (held?.version ?? 0);
    this.typing.note(frame, this.replica.userId);
    if (frame.type === 'user_status_change') for (const told of this.#told) told.add(frame.user_id);
    const stale = this.replica.apply(frame);
    if (frame.type === 'new_message') this.acknowledge(frame.message);
    if (held !== undefined && this.get(id) === undefined)
      this.#lose(id, frame.type === 'conversation_deleted' ? 'deleted' : 'removed');
    this.#readStale(stale, held !== undefined);
    if (frame.type === 'user_updated') {
      this.#overtake(this.#reading.keys());
      this.#host.changed(...this.replica.conversations.keys());
    } else this.#host.changed(id);
    if (!isOld && isNews(frame)) this.#host.emit(frame);
  }

  apply(answer: SyncAnswer): void {
    const { conversations, userId } = this.replica;
    const before = new Map([...conversations].map(([id, { last_seq }]) => [id, last_seq]));
    const told = answer.conversations.map((entry) => entry.conversation_id);
    const isAll = answer.reset || answer.users.length > 0;
    this.#overtake(isAll ? this.#reading.keys() : told);
    const stale = this.replica.applySync(answer);
    for (const id of before.keys())
      if (this.get(id) === undefined && !answer.reset) this.#lose(id, 'removed');
    for (const { conversation_id: id, participants, messages } of answer.conversations) {
      const mine = participants.find(({ user_id }) => user_id === userId);
      const known = before.get(id) ?? mine?.joined_seq ?? Infinity;
      for (const message of messages) {
        this.acknowledge(message);
        if (message.seq > known && this.#isNews(id, message.seq) && !message.is_deleted)
          this.#host.emit({ type: 'new_message', conversation_id: id, version: message.version, message });
      }
    }
    for (const id of stale) this.#readStale([id], before.has(id));
    this.#host.changed(...(isAll ? [...before.keys(), ...conversations.keys()] : told));
  }

  /** The server has this message: one's own is on its way no longer. */
  acknowledge(message: Message): void {
    if (message.sender_id !== this.replica.userId || message.client_id === null) return;
    const held = this.get(message.conversation_id);
    this.#confirm(message, held === undefined || message.seq <= held.last_seq);
  }

  #overtake(ids: Iterable<string>): void {
    for (const id of ids) {
      const reading = this.#reading.get(id);
      if (reading !== undefined) reading.isOvertaken = true;
    }
  }

  #readStale(ids: readonly string[], wasHeld: boolean): void {
    // Whoever comes back to a conversation has none of its messages but the last.
    for (const id of ids) if (this.#lost.delete(id) || wasHeld || this.lacks(id)) void this.read(id);
  }

  /** Whether this message was not told of before. */
  #isNews(id: string, seq: number): boolean {
    if (seq <= (this.#heard.get(id) ?? 0)) return false;
    this.#heard.set(id, seq);
    return true;
  }

  #lose(id: string, access: 'removed' | 'deleted'): void {
    this.#lost.add(id);
    this.replica.forget(id);
    this.#host.views.get(id)?.lose(access);
    this.#host.changed(id);
  }
}
