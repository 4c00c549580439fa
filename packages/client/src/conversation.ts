import type {
  AddParticipantBody,
  Conversation,
  Message,
  Participant,
  SendMessageBody,
  UpdateConversationBody,
  UpdateParticipantBody,
} from '@parley/protocol';
import type { ParleyApi } from './api.ts';
import { toParleyError } from './errors.ts';
import type { Feed } from './feed.ts';
import type { Outbox } from './outbox.ts';
import { OwnTyping } from './own-typing.ts';
import { ReadMark } from './read-mark.ts';
import type { ReplicaConversation } from './replica/conversation.ts';
import { Shown, summaryOf } from './shown.ts';
import { Signal } from './signal.ts';
import { keep, type AnyMessage, type ConversationState } from './state.ts';
import type { UploadFile, UploadOptions } from './upload.ts';
import { Window, pageLimit, type Direction } from './window.ts';

export interface ConversationDeps {
  readonly api: ParleyApi;
  /** Null until it is known who one is. */
  readonly feed: () => Feed | null;
  readonly outbox: () => Outbox | null;
  /** Resolves once there are both. */
  readonly ready: () => Promise<{ readonly feed: Feed; readonly outbox: Outbox }>;
  /** What is shown of it changed, though nothing was told. */
  readonly changed: (conversationId: string) => void;
  /** It is looked at. */
  readonly used: (conversationId: string) => void;
}

/** Participants of a page. */
const peopleLimit = 100;
/** Pages that a jump to a message looks through. */
const jumpPages = 20;
/** Up to this many people, everybody is read: receipts are theirs. `limits.receiptAudience` of the protocol. */
const receiptAudience = 200;

const empty: readonly never[] = [];

/** One conversation: its state, and what one can do in it. */
export class ParleyConversation {
  readonly id: string;
  readonly #deps: ConversationDeps;
  readonly #signal = new Signal();
  #state: ConversationState;
  #isDirty = true;
  #lost: 'removed' | 'deleted' | null = null;
  #isLoaded = false;
  readonly #window = new Window();
  #uses = 0;
  #loading: Promise<unknown> | null = null;
  readonly #readMark: ReadMark;
  readonly #shown = new Shown();
  readonly #typing: OwnTyping;

  /** From `parley.conversation(id)`. */
  constructor(id: string, deps: ConversationDeps) {
    this.id = id;
    this.#deps = deps;
    this.#readMark = new ReadMark(id, () => this.#changed());
    this.#typing = new OwnTyping((type) => deps.feed()?.link.send({ type, conversation_id: id }));
    this.#state = {
      id,
      access: 'unknown',
      conversation: null,
      messages: empty,
      hasOlder: false,
      hasNewer: false,
      isLoaded: false,
      participants: empty,
      typing: empty,
    };
  }

  // --- what there is --------------------------------------------------------------------------------------------------

  /** As it is now; the same object until something changes. Also fit for React's `useSyncExternalStore`. */
  readonly getSnapshot = (): ConversationState => {
    if (this.#isDirty) this.#refresh();
    return this.#state;
  };

  /** Calls `listener` after changes. Answers how to stop. */
  readonly subscribe = (listener: () => void): (() => void) => this.#signal.subscribe(listener);

  /** `getSnapshot().messages`. */
  get messages(): readonly AnyMessage[] {
    return this.getSnapshot().messages;
  }

  /** Whether it is open. */
  get isOpen(): boolean {
    return this.#uses > 0;
  }

  /** Whether its messages were read. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  // --- reading --------------------------------------------------------------------------------------------------------

  /**
   * Shows it: reads its newest messages if need be, and who is typing from now on. Each call wants a `close`.
   * Whether there is such a conversation for you is told by `access`; without a connection, what is known is shown.
   * @throws ParleyError
   */
  async open(): Promise<void> {
    const isFirst = this.#uses++ === 0;
    this.#deps.used(this.id);
    const { feed } = await this.#deps.ready();
    if (isFirst) this.join();
    try {
      await this.#fill(feed);
    } catch (error) {
      // Without a connection what is known is shown; the rest is read once there is one.
      if (toParleyError(error).status !== 0) throw error;
    }
  }

  /** Shows it no longer. */
  close(): void {
    this.#uses = Math.max(0, this.#uses - 1);
    if (this.#uses > 0) return;
    this.typing(false);
    this.#deps.feed()?.link.send({ type: 'leave_conversation', conversation_id: this.id });
  }

  /** Reads the page before the oldest that is shown. True if there may be more. @throws ParleyError */
  loadOlder(limit = pageLimit): Promise<boolean> {
    return this.#load((_held, [from]) => {
      return from <= 1 ? null : { before_seq: from, limit };
    }, 'older');
  }

  /** Reads the page after the newest that is shown. True if there may be more. @throws ParleyError */
  loadNewer(limit = pageLimit): Promise<boolean> {
    return this.#load((held, [, to]) => (to >= held.last_seq ? null : { after_seq: to, limit }), 'newer');
  }

  /** Shows the messages around this `seq`. @throws ParleyError */
  async loadAround(seq: number, limit = pageLimit): Promise<void> {
    await this.#load((held) => {
      this.#window.anchor = seq;
      return held.message(seq) === undefined ? { around_seq: seq, limit } : null;
    }, 'older');
  }

  /**
   * Shows the message of this id, such as that of `reply_to_id`: at once where it is held, else by reading back, some
   * 2,000 messages at most. False if it was not found.
   * @throws ParleyError
   */
  async jumpTo(messageId: string): Promise<boolean> {
    const find = () => this.#deps.feed()?.replica.conversations.get(this.id)?.seqOf(messageId);
    for (let pages = 0; find() === undefined && pages < jumpPages; pages++)
      if (!(await this.loadOlder(100))) break;
    const seq = find();
    if (seq === undefined) return false;
    await this.loadAround(seq);
    return true;
  }

  /** Shows the newest messages again. @throws ParleyError */
  async loadLatest(): Promise<void> {
    const { feed } = await this.#deps.ready();
    this.#window.anchor = null;
    await this.#loadFirst(feed);
    this.#changed();
  }

  /** Reads the next page of participants into `participants`. True if there may be more. @throws ParleyError */
  async loadParticipants(): Promise<boolean> {
    const { feed } = await this.#deps.ready();
    const size = () => feed.replica.conversations.get(this.id)?.everybody().length ?? 0;
    const before = size();
    const request = { limit: peopleLimit, page: Math.floor(before / peopleLimit) + 1 };
    const page = await this.#deps.api.listParticipants(this.id, request);
    feed.replica.putParticipants(this.id, page.participants);
    this.#changed();
    return page.has_more && size() > before;
  }

  /**
   * You have read up to this message, or to the newest that is shown. Counts at once; told to the server when there is
   * a connection, and taken back if it refuses.
   */
  markRead(message?: Pick<Message, 'id' | 'seq'>): void {
    const last = message ?? this.messages.findLast((each) => each.seq !== null);
    if (last === undefined || last.seq === null) return;
    if (message === undefined && this.getSnapshot().conversation?.unread_count === 0) return;
    this.#readMark.move({ seq: last.seq, id: last.id }, this.#deps.feed());
  }

  // --- writing --------------------------------------------------------------------------------------------------------

  /**
   * Sends a text, or a message with all that it may have. It shows at once in `messages`, as `sending`, survives a reload,
   * is repeated until the server has it, and ends as `sent`, or as `failed` if it refuses. The promise tells the same and
   * need not be awaited.
   * @throws ParleyError `muted`, `not_participant`, `validation_failed`, …; not for what the network broke, nor for limits
   */
  send(message: string | SendMessageBody): Promise<Message> {
    const body = typeof message === 'string' ? { content: message } : message;
    this.#typing.sent();
    this.#window.anchor = null;
    return this.#enqueue((outbox) => outbox.add(this.id, body));
  }

  /** Sends a failed message again; like `send`. */
  retry({ client_id: clientId }: { readonly client_id: string | null }): Promise<Message> {
    return this.#enqueue((outbox) => outbox.retry(clientId ?? ''));
  }

  /** Forgets a failed message, or one that is on its way; that one may arrive nevertheless. */
  discard({ client_id: clientId }: { readonly client_id: string | null }): void {
    this.#deps.outbox()?.discard(clientId ?? '');
  }

  /** Posts a file as a message, with progress and a signal to abort. @throws ParleyError */
  upload(file: UploadFile, options?: UploadOptions): Promise<Message> {
    return this.#deps.api.upload(this.id, file, options);
  }

  /** Shows the new text at once; the old one again if the server refuses. @throws ParleyError `not_message_owner`, … */
  async editMessage(messageId: string, content: string): Promise<Message> {
    const edited = await this.#optimistic(messageId, content, () =>
      this.#deps.api.editMessage(messageId, content),
    );
    this.#shown.unedit(messageId);
    this.#deps.feed()?.replica.putMessages(this.id, [edited]);
    this.#changed();
    return edited;
  }

  /** Shows the tombstone at once; the message again if the server refuses. @throws ParleyError `not_message_owner`, … */
  async deleteMessage(messageId: string): Promise<void> {
    await this.#optimistic(messageId, null, () => this.#deps.api.deleteMessage(messageId));
  }

  /**
   * Call it on each key: others see you typing, until you send, until 5 s pass without a call, or until `typing(false)`.
   */
  typing(on = true): void {
    if (on) this.#typing.pressed();
    else this.#typing.stop();
  }

  /** Title, metadata, archiving: for admins and moderators. @throws ParleyError `insufficient_role` */
  update(body: UpdateConversationBody): Promise<Conversation> {
    return this.#deps.api.updateConversation(this.id, body);
  }

  /** Deletes it for everybody: for admins. @throws ParleyError `insufficient_role` */
  async delete(): Promise<void> {
    await this.#deps.api.deleteConversation(this.id);
  }

  /** You are in it no longer. @throws ParleyError `direct_conversation` */
  async leave(): Promise<void> {
    const { feed } = await this.#deps.ready();
    await this.removeParticipant(feed.replica.userId);
  }

  /** @throws ParleyError `insufficient_role`, `direct_conversation` */
  addParticipant(userId: string, role?: AddParticipantBody['role']): Promise<Participant> {
    return this.#deps.api.addParticipant(this.id, { user_id: userId, ...(role && { role }) });
  }

  /** @throws ParleyError `insufficient_role`, `direct_conversation` */
  async removeParticipant(userId: string): Promise<void> {
    await this.#deps.api.removeParticipant(this.id, userId);
  }

  /** Role or mute. @throws ParleyError `insufficient_role`, `last_admin` */
  updateParticipant(userId: string, body: UpdateParticipantBody): Promise<Participant> {
    return this.#deps.api.updateParticipant(this.id, userId, body);
  }

  // --- for the client itself ------------------------------------------------------------------------------------------

  /** @internal What it shows may have changed. */
  invalidate(): void {
    this.#isDirty = true;
    this.#signal.fire();
  }

  /** @internal */
  lose(access: 'removed' | 'deleted'): void {
    this.getSnapshot();
    this.#lost = access;
    this.#isLoaded = false;
    this.#shown.clear();
    this.invalidate();
  }

  /** @internal The connection has caught up. */
  resumed(): void {
    const feed = this.#deps.feed();
    void this.#readMark.tell(feed);
    if (!this.isOpen || feed === null) return;
    this.join();
    this.#fill(feed).catch(() => undefined);
  }

  /** @internal Asks for who is typing. */
  join(): void {
    this.#deps.feed()?.link.send({ type: 'join_conversation', conversation_id: this.id });
  }

  /** @internal The last `seq` that was read here, as far as the server does not know. */
  get readTo(): number {
    return this.#readMark.seq;
  }

  /** @internal Lets go of all but the newest page. */
  shrink(): void {
    this.#window.anchor = null;
    this.#held()?.retain(pageLimit);
    this.invalidate();
  }

  // --- inside ---------------------------------------------------------------------------------------------------------

  /** At once, unless it is not known yet who one is. */
  #enqueue(work: (outbox: Outbox) => Promise<Message>): Promise<Message> {
    const outbox = this.#deps.outbox();
    const sent = outbox === null ? this.#deps.ready().then((ready) => work(ready.outbox)) : work(outbox);
    // Who does not await it sees it in the state.
    sent.catch(() => undefined);
    return sent;
  }

  #held(): ReplicaConversation | undefined {
    return this.#deps.feed()?.replica.conversations.get(this.id);
  }

  #changed(): void {
    this.#deps.changed(this.id);
  }

  /** Reads what is missing of what is shown at first. */
  async #fill(feed: Feed): Promise<void> {
    if (feed.lacks(this.id)) await feed.read(this.id);
    await this.#loadFirst(feed);
    await this.#loadPeople(feed);
  }

  async #loadFirst(feed: Feed): Promise<void> {
    const held = feed.replica.conversations.get(this.id);
    if (held === undefined) return;
    if (held.last_seq + 1 - held.messages_from < Math.min(pageLimit, held.last_seq)) {
      const { messages } = await this.#deps.api.listMessages(this.id, { limit: pageLimit });
      feed.replica.putMessages(this.id, messages);
    }
    this.#isLoaded = true;
    this.#changed();
  }

  async #loadPeople(feed: Feed): Promise<void> {
    const held = feed.replica.conversations.get(this.id);
    if (held === undefined || held.knowsEverybody || held.participant_count > receiptAudience) return;
    while (await this.loadParticipants());
  }

  /** Reads a page by what `place` says of what is held; null: nothing. One at a time. */
  async #load(
    place: (held: ReplicaConversation, run: readonly [from: number, to: number]) => object | null,
    direction: Direction,
  ): Promise<boolean> {
    const before = this.#loading;
    const load = async (): Promise<boolean> => {
      await before?.catch(() => undefined);
      const { feed } = await this.#deps.ready();
      const held = feed.replica.conversations.get(this.id);
      if (held === undefined) return false;
      this.#deps.used(this.id);
      const request = place(held, this.#window.of(held));
      if (request !== null) {
        const { messages } = await this.#deps.api.listMessages(this.id, request);
        feed.replica.putMessages(this.id, messages);
        this.#isLoaded = true;
        this.#window.grown(held, direction);
      }
      const hasMore = this.#window.hasMore(held, direction);
      this.#changed();
      return hasMore;
    };
    const loading = load();
    this.#loading = loading;
    return loading;
  }

  #refresh(): void {
    this.#isDirty = false;
    const held = this.#held();
    if (held === undefined) return this.#showWithout();
    this.#lost = null;
    this.#window.follow(held);
    const [from, to] = this.#window.of(held);
    this.#show({
      access: 'member',
      conversation: summaryOf(held, this.#state.conversation, this.readTo),
      messages: this.#shown.list(held, from, to, this.#deps.outbox()),
      hasOlder: from > 1,
      hasNewer: to < held.last_seq,
      isLoaded: this.#isLoaded || to - from + 1 >= Math.min(pageLimit, held.last_seq),
      participants: held.everybody(),
      typing: this.#deps.feed()?.typing.in(this.id) ?? empty,
    });
  }

  #showWithout(): void {
    const messages = this.#shown.listUnsent(this.id, this.#deps.outbox());
    const nothing = { hasOlder: false, hasNewer: false, isLoaded: false, typing: empty };
    this.#show({ access: this.#lost ?? 'unknown', messages, ...nothing });
  }

  #show(next: Partial<ConversationState>): void {
    const before = this.#state;
    const { messages, participants, typing } = { ...before, ...next };
    this.#state = keep(before, {
      ...before,
      ...next,
      messages: keep(before.messages, messages),
      participants: keep(before.participants, participants),
      typing: keep(before.typing, typing),
    });
  }

  async #optimistic<T>(messageId: string, edit: string | null, work: () => Promise<T>): Promise<T> {
    this.#shown.edit(messageId, edit);
    this.#changed();
    try {
      return await work();
    } catch (error) {
      this.#shown.unedit(messageId);
      this.#changed();
      throw error;
    }
  }
}
