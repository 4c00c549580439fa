import type { ClientFrame, Conversation, CreateConversationBody, UserStatus } from '@parley/protocol';
import type { ParleyApi } from './api.ts';
import { Client, type ParleyOptions } from './client.ts';
import { ParleyConversation } from './conversation.ts';
import { closed } from './errors.ts';
import type { Handler, ParleyEvent, ParleyEvents } from './events.ts';
import type { ConnectionState, ParleyState } from './state.ts';

export type { ParleyOptions } from './client.ts';

/** A client for one signed-in person. */
export class Parley {
  /** Every endpoint of the REST API. */
  readonly api: ParleyApi;
  readonly #client: Client;
  readonly #conversations = new Map<string, ParleyConversation>();

  constructor(options: ParleyOptions) {
    this.#client = new Client(options);
    this.api = this.#client.api;
    this.subscribe = this.subscribe.bind(this);
  }

  // --- the connection -------------------------------------------------------------------------------------------------

  /**
   * Connects, and stays so until `close`. What is known from last time shows at once. Resolves when everything is up to
   * date; need not be awaited.
   * @throws ParleyError `invalid_token`, if the token is refused; other trouble is waited out
   */
  connect(): Promise<void> {
    // What was refused is tried again.
    const isRetry = this.#client.state.status === 'refused';
    this.#client.start();
    const live = this.#live(isRetry);
    live.catch(() => undefined);
    return live;
  }

  /** Looks after the connection at once. Browsers need no call; React Native does when the app comes to the front. */
  wake(): void {
    this.#client.wake();
  }

  /**
   * Ends the connection; `connect` begins again. Unsent messages and what is known are kept for next time, unless
   * `forget`: for signing out. Resolves once everything is written.
   */
  close({ forget = false } = {}): Promise<void> {
    return this.#client.stop(forget);
  }

  // --- what there is --------------------------------------------------------------------------------------------------

  /** Everything but the insides of conversations; the same object until something changes. */
  readonly getSnapshot = (): ParleyState => this.#client.getSnapshot();

  /** Calls `listener` after changes. Answers how to stop. Fit for React's `useSyncExternalStore`. */
  subscribe(listener: () => void): () => void;
  /** Calls `listener` when what `selector` picks is another object or value than before. */
  subscribe<T>(selector: (state: ParleyState) => T, listener: (now: T, before: T) => void): () => void;
  subscribe<T>(first: (state: ParleyState) => T, second?: (now: T, before: T) => void): () => void {
    if (second === undefined) return this.#client.signal.subscribe(() => void first(this.getSnapshot()));
    let before = first(this.getSnapshot());
    return this.#client.signal.subscribe(() => {
      const [was, now] = [before, first(this.getSnapshot())];
      before = now;
      if (!Object.is(was, now)) second(now, was);
    });
  }

  /** `getSnapshot().conversations`: newest activity first. */
  get conversations(): readonly Conversation[] {
    return this.getSnapshot().conversations;
  }

  /** Calls `handler` for each event of this name; `*`: for every one. Answers how to stop. */
  on<K extends keyof ParleyEvents>(type: K, handler: Handler<K>): () => void;
  on(type: '*', handler: (event: ParleyEvent) => void): () => void;
  on(type: keyof ParleyEvents | '*', handler: (event: never) => void): () => void {
    return this.#client.events.on(type, handler);
  }

  // --- what one can do ------------------------------------------------------------------------------------------------

  /** One conversation, whether it is known yet or not. The same object for the same id. */
  conversation(id: string): ParleyConversation {
    const one = this.#conversations.get(id) ?? new ParleyConversation(this.#client.view(id));
    this.#conversations.set(id, one);
    return one;
  }

  /** Opens a conversation with people; the one that there is, for a direct one. @throws ParleyError */
  async createConversation(body: CreateConversationBody): Promise<ParleyConversation> {
    const { store } = await this.#client.ready();
    const conversation = await this.api.createConversation(body);
    store.put(conversation);
    return this.conversation(conversation.id);
  }

  /** Reads the next 100 conversations into the list; or those archived, all of them. True if there may be more. */
  async loadConversations({ archived = false } = {}): Promise<boolean> {
    const { store } = await this.#client.ready();
    if (archived) {
      for (let next = await store.list(true); next !== null;) next = await store.list(true, next);
      store.knowsArchive = true;
    } else if (store.listCursor !== null) store.listCursor = await store.list(false, store.listCursor);
    this.#client.changed();
    return !archived && store.listCursor !== null;
  }

  /** Reads how these people are into `statuses`, and keeps it up to date: the latest 100 of all calls. @throws ParleyError */
  watchStatuses(userIds: readonly string[]): Promise<void> {
    return this.#client.watch(userIds);
  }

  /** Sends a frame as it is; without a connection it is dropped. */
  sendFrame(frame: ClientFrame): void {
    this.#client.session?.feed.link.send(frame);
  }

  /** Shows you as this while you are connected; `offline` hides you. @throws ParleyError */
  setStatus(status: UserStatus['status']): Promise<UserStatus> {
    return this.api.setStatus({ status });
  }

  // --- inside ---------------------------------------------------------------------------------------------------------

  async #live(isRetry: boolean): Promise<void> {
    const isSettled = ({ status }: ConnectionState) => /live|refused|closed/.test(status);
    if (isRetry || !isSettled(this.#client.state)) await this.#client.until(isSettled);
    const { state } = this.#client;
    if (state.status === 'refused') throw state.error;
    if (state.status !== 'live') throw closed();
  }
}
