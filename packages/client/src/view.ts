import { toParleyError, type ParleyError } from './errors.ts';
import type { View } from './host.ts';
import { pauseAfter } from './platform.ts';
import { Reading, type Context } from './reading.ts';
import type { Session } from './session.ts';
import { Shown, summaryOf } from './shown.ts';
import { Signal } from './signal.ts';
import { initialConversationState, keep, keepAll, type ConversationState } from './state.ts';
import type { Store } from './store.ts';
import { pageLimit } from './window.ts';

const empty: readonly never[] = [];

/** What is behind a `ParleyConversation`: what it shows, from when it is opened until it is let go of. */
export class ConversationView implements View {
  readonly id: string;
  readonly context: Context;
  readonly reading: Reading;
  readonly signal = new Signal();
  readonly shown = new Shown();
  #state: ConversationState;
  #isDirty = true;
  #lost: 'removed' | 'deleted' | null = null;
  #uses = 0;
  #isJoined = false;
  #isRetrying = false;
  /** How many times what is to be shown is being read at the moment. */
  #fills = 0;

  constructor(id: string, context: Context) {
    this.id = id;
    this.context = context;
    this.reading = new Reading(id, context);
    this.#state = { ...initialConversationState, id };
  }

  get isOpen(): boolean {
    return this.#uses > 0;
  }

  get isShown(): boolean {
    return this.isOpen || this.reading.isLoaded;
  }

  getSnapshot(): ConversationState {
    if (this.#isDirty) this.#refresh();
    return this.#state;
  }

  // --- opened and closed ----------------------------------------------------------------------------------------------

  async open(): Promise<void> {
    this.#uses++;
    this.context.used(this.id);
    const { store } = await this.context.ready();
    this.#join();
    try {
      await this.#fill(store);
    } catch (error) {
      // Without a connection what is known is shown; the rest is read once there is one.
      if (toParleyError(error).status !== 0) throw error;
    }
  }

  /** Calls `leave` if nobody has it open any more. */
  close(leave: () => void): void {
    this.#uses = Math.max(0, this.#uses - 1);
    if (this.isOpen) return;
    leave();
    this.#isJoined = false;
    this.tell('leave_conversation');
  }

  // --- what the client tells ------------------------------------------------------------------------------------------

  /** What it shows may have changed. */
  invalidate(): void {
    this.#isDirty = true;
    this.signal.fire();
  }

  lose(access: 'removed' | 'deleted'): void {
    this.getSnapshot();
    this.#lost = access;
    this.reading.isLoaded = false;
    this.reading.error = null;
    this.shown.clear();
    this.invalidate();
  }

  reread(): void {
    // Whoever is at it goes on with what there is now.
    if (this.#fills === 0 && this.reading.wantsPeople) this.resumed();
  }

  resumed(): void {
    const store = this.context.session?.store;
    if (!this.isOpen || store === undefined) return;
    this.#isJoined = false;
    this.#join();
    this.#fill(store).catch(() => undefined);
  }

  /** Lets go of all but the newest page. */
  shrink(): void {
    this.reading.window.anchor = null;
    this.reading.held?.retain(pageLimit);
    this.invalidate();
  }

  // --- what is done in it ---------------------------------------------------------------------------------------------

  /** At once, unless it is not known yet who one is. */
  now<T>(work: (session: Session) => T | Promise<T>): Promise<T> {
    const { session } = this.context;
    const done = session === null ? this.context.ready().then(work) : Promise.resolve(work(session));
    // Who does not await it sees it in the state.
    done.catch(() => undefined);
    return done;
  }

  /** Asks for who is typing. */
  #join(): void {
    if (!this.isOpen || this.#isJoined) return;
    this.#isJoined = true;
    this.tell('join_conversation');
  }

  /** Reads what is to be shown. What the server could not do now is tried again; what the network broke, by `resumed`. */
  async #fill(store: Store): Promise<void> {
    const reading = this.reading;
    this.#fills++;
    try {
      await reading.fill(store);
      reading.error = null;
    } catch (thrown) {
      const error = toParleyError(thrown);
      const isLive = this.context.state.status === 'live';
      if (error.status !== 0) reading.error = error;
      if (error.status >= 500 || error.status === 429 || (error.status === 0 && isLive))
        void this.#fillLater(error);
      throw error;
    } finally {
      this.#fills--;
      this.changed();
    }
  }

  async #fillLater(error: ParleyError): Promise<void> {
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    await pauseAfter(error);
    this.#isRetrying = false;
    this.resumed();
  }

  tell(type: 'join_conversation' | 'leave_conversation' | 'typing_start' | 'typing_stop'): void {
    this.context.session?.feed.link.send({ type, conversation_id: this.id });
  }

  changed(): void {
    this.context.changed(this.id);
  }

  #refresh(): void {
    this.#isDirty = false;
    const { session } = this.context;
    const { held, window, isLoaded, error } = this.reading;
    const outbox = session?.outbox ?? null;
    if (held === undefined || session === null)
      return this.#show({
        access: this.#lost ?? 'unknown',
        messages: this.shown.listUnsent(this.id, outbox),
        hasOlder: false,
        hasNewer: false,
        isLoaded: false,
        error,
        typing: empty,
      });
    this.#lost = null;
    window.follow(held);
    const [from, to] = window.of(held);
    this.#show({
      access: 'member',
      conversation: summaryOf(held, this.#state.conversation, session.reads.seqOf(this.id)),
      messages: this.shown.list(held, from, to, outbox),
      hasOlder: from > 1,
      hasNewer: to < held.last_seq,
      isLoaded: isLoaded || to - from + 1 >= Math.min(pageLimit, held.last_seq),
      error,
      participants: held.everybody(),
      typing: session.store.typing.in(this.id),
    });
  }

  #show(next: Partial<ConversationState>): void {
    const before = this.#state;
    const { messages, participants, typing } = { ...before, ...next };
    this.#state = keep(before, {
      ...before,
      ...next,
      messages: keep(before.messages, messages),
      participants: keepAll(before.participants, participants),
      typing: keep(before.typing, typing),
    });
  }

  async optimistic<T>(messageId: string, edit: string | null, work: () => Promise<T>): Promise<T> {
    this.shown.edit(messageId, edit);
    this.changed();
    try {
      return await work();
    } catch (error) {
      this.shown.unedit(messageId);
      this.changed();
      throw error;
    }
  }
}
