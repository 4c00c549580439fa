import type {
  AddParticipantBody,
  Conversation,
  Message,
  Participant,
  SendMessageBody,
  UpdateConversationBody,
  UpdateParticipantBody,
} from '@parley/protocol';
import { OwnTyping } from './own-typing.ts';
import { jumpTo, loadAround, loadNewer, loadOlder } from './paging.ts';
import type { AnyMessage, ConversationState } from './state.ts';
import type { UploadFile, UploadOptions } from './upload.ts';
import type { ConversationView } from './view.ts';
import { pageLimit } from './window.ts';

/** One conversation: its state, and what one can do in it. */
export class ParleyConversation {
  readonly id: string;
  readonly #view: ConversationView;
  readonly #typing: OwnTyping;

  /** From `parley.conversation(id)`. */
  constructor(view: ConversationView) {
    this.id = view.id;
    this.#view = view;
    this.#typing = new OwnTyping((type) => view.tell(type));
  }

  // --- what there is --------------------------------------------------------------------------------------------------

  /** As it is now; the same object until something changes. Also fit for React's `useSyncExternalStore`. */
  readonly getSnapshot = (): ConversationState => this.#view.getSnapshot();

  /** Calls `listener` after changes. Answers how to stop. */
  readonly subscribe = (listener: () => void): (() => void) => this.#view.signal.subscribe(listener);

  /** `getSnapshot().messages`. */
  get messages(): readonly AnyMessage[] {
    return this.getSnapshot().messages;
  }

  /** Whether it is open. */
  get isOpen(): boolean {
    return this.#view.isOpen;
  }

  /** Whether its messages were read. */
  get isLoaded(): boolean {
    return this.#view.reading.isLoaded;
  }

  // --- reading --------------------------------------------------------------------------------------------------------

  /**
   * Shows it: reads its newest messages if need be, and who is typing from now on. Each call wants a `close`.
   * Whether there is such a conversation for you is told by `access`; without a connection, what is known is shown.
   * @throws ParleyError
   */
  open(): Promise<void> {
    return this.#view.open();
  }

  /** Shows it no longer. */
  close(): void {
    this.#view.close(() => this.typing(false));
  }

  /** Reads the page before the oldest that is shown. True if there may be more. @throws ParleyError */
  loadOlder(limit = pageLimit): Promise<boolean> {
    return loadOlder(this.#view.reading, limit);
  }

  /** Reads the page after the newest that is shown. True if there may be more. @throws ParleyError */
  loadNewer(limit = pageLimit): Promise<boolean> {
    return loadNewer(this.#view.reading, limit);
  }

  /** Shows the messages around this `seq`. @throws ParleyError */
  async loadAround(seq: number, limit = pageLimit): Promise<void> {
    await loadAround(this.#view.reading, seq, limit);
  }

  /**
   * Shows the message of this id, such as that of `reply_to_id`, and those around it, however long ago it was; the
   * conversation need not be open. False if there is no such message in it.
   * @throws ParleyError
   */
  jumpTo(messageId: string): Promise<boolean> {
    return jumpTo(this.#view.reading, messageId, pageLimit);
  }

  /** Shows the newest messages again. @throws ParleyError */
  async loadLatest(): Promise<void> {
    const { store } = await this.#view.context.ready();
    this.#view.reading.window.anchor = null;
    await this.#view.reading.loadNewest(store);
    this.#view.changed();
  }

  /** Reads the next page of participants into `participants`. True if there may be more. @throws ParleyError */
  async loadParticipants(): Promise<boolean> {
    const { store } = await this.#view.context.ready();
    return store.readPeople(this.id);
  }

  /**
   * You have read up to this message, or to the newest that is shown. Counts at once; told to the server when there is
   * a connection, after a reload if need be, and taken back if it refuses.
   */
  markRead(message?: Pick<Message, 'id' | 'seq'>): void {
    const last = message ?? this.messages.findLast((each) => each.seq !== null);
    if (last === undefined || last.seq === null) return;
    if (message === undefined && this.getSnapshot().conversation?.unread_count === 0) return;
    const mark = { seq: last.seq, id: last.id };
    void this.#view.now(({ reads }) => reads.move(this.id, mark));
  }

  // --- writing --------------------------------------------------------------------------------------------------------

  /**
   * Sends a text, or a message with all that it may have. It shows at once in `messages`, as `sending`, survives a reload,
   * is repeated until the server has it, and ends as `sent`, or as `failed` if it refuses. The promise tells the same and
   * need not be awaited.
   * @throws ParleyError `muted`, `not_participant`, `validation_failed`, …; not for what the network broke, nor for limits;
   * `closed` if `close` came first: then it is sent after the next `connect`, unless all was to be forgotten
   */
  send(message: string | SendMessageBody): Promise<Message> {
    const given = typeof message === 'string' ? { content: message } : message;
    // As it is now, whatever becomes of the caller's objects.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is the same, as it will be sent
    const body = JSON.parse(JSON.stringify(given)) as SendMessageBody;
    this.#typing.sent();
    this.#view.reading.window.anchor = null;
    return this.#view.now(({ outbox }) => outbox.add(this.id, body));
  }

  /** Sends a failed message again; like `send`. */
  retry({ client_id: clientId }: { readonly client_id: string | null }): Promise<Message> {
    return this.#view.now(({ outbox }) => outbox.retry(clientId ?? ''));
  }

  /** Forgets a failed message, or one that is on its way; that one may arrive nevertheless. */
  discard({ client_id: clientId }: { readonly client_id: string | null }): void {
    this.#view.context.session?.outbox.discard(clientId ?? '');
  }

  /** Posts a file as a message, with progress and a signal to abort. @throws ParleyError */
  upload(file: UploadFile, options?: UploadOptions): Promise<Message> {
    return this.#view.context.api.upload(this.id, file, options);
  }

  /** Shows the new text at once; the old one again if the server refuses. @throws ParleyError `not_message_owner`, … */
  async editMessage(messageId: string, content: string): Promise<Message> {
    const edited = await this.#view.optimistic(messageId, content, () =>
      this.#view.context.api.editMessage(messageId, content),
    );
    this.#view.shown.unedit(messageId);
    this.#view.context.session?.store.replica.putMessages(this.id, [edited]);
    this.#view.changed();
    return edited;
  }

  /** Shows the tombstone at once; the message again if the server refuses. @throws ParleyError `not_message_owner`, … */
  async deleteMessage(messageId: string): Promise<void> {
    await this.#view.optimistic(messageId, null, () => this.#view.context.api.deleteMessage(messageId));
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
    return this.#view.context.api.updateConversation(this.id, body);
  }

  /** Deletes it for everybody: for admins. @throws ParleyError `insufficient_role` */
  async delete(): Promise<void> {
    await this.#view.context.api.deleteConversation(this.id);
  }

  /** You are in it no longer. @throws ParleyError `direct_conversation` */
  async leave(): Promise<void> {
    const { store } = await this.#view.context.ready();
    await this.removeParticipant(store.replica.userId);
  }

  /** @throws ParleyError `insufficient_role`, `direct_conversation` */
  addParticipant(userId: string, role?: AddParticipantBody['role']): Promise<Participant> {
    return this.#view.context.api.addParticipant(this.id, { user_id: userId, ...(role && { role }) });
  }

  /** @throws ParleyError `insufficient_role`, `direct_conversation` */
  async removeParticipant(userId: string): Promise<void> {
    await this.#view.context.api.removeParticipant(this.id, userId);
  }

  /** Role or mute. @throws ParleyError `insufficient_role`, `last_admin` */
  updateParticipant(userId: string, body: UpdateParticipantBody): Promise<Participant> {
    return this.#view.context.api.updateParticipant(this.id, userId, body);
  }
}
