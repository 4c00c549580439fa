import type { ClientFrame, Conversation, CreateConversationBody, UserStatus } from '@parley/protocol';
import { ParleyApi } from './api.ts';
import { Cache } from './cache.ts';
import type { Timing } from './connection.ts';
import { ParleyConversation, type ConversationDeps } from './conversation.ts';
import { failure, toParleyError } from './errors.ts';
import { Events, type Handler, type ParleyEvent, type ParleyEvents } from './events.ts';
import { sleep } from './feed.ts';
import { Http, type Fetch } from './http.ts';
import { Overview } from './overview.ts';
import { watchLeaving, watchSurroundings, type WebSocketConstructor } from './platform.ts';
import { createSession, type Session } from './session.ts';
import { Signal } from './signal.ts';
import type { ConnectionState, ParleyState } from './state.ts';
import { memoryStorage, type ParleyStorage } from './storage.ts';
import type { ShareLink } from './tabs.ts';
import { pageLimit } from './window.ts';
import { Tokens, bearerOf, type GetToken } from './tokens.ts';

export interface ParleyOptions {
  /** Where the server is: `https://chat.example.org`, without `/api`. */
  readonly url: string;
  /** Answers a valid token; asked at first, shortly before one expires, and when one is refused. */
  readonly getToken: GetToken;
  /** Who that is; needed only where tokens don't say it by `sub`, or to show what is known before there is a token. */
  readonly userId?: string;
  /** Keeps unsent messages and what was last known, for each person apart. Without one they live in memory. */
  readonly storage?: ParleyStorage | null;
  /** Shares one socket among all tabs. */
  readonly share?: ShareLink | null;
  /** In place of the global ones. */
  readonly WebSocket?: WebSocketConstructor;
  readonly fetch?: Fetch;
  /** @internal */
  readonly timing?: Partial<Timing>;
}

/** Conversations with more than a page that are kept after they were closed. */
const maxRecent = 10;
/** People whose status is asked for again after a reconnect. */
const maxWatched = 100;
/** Milliseconds before `getToken` is asked again after it failed. */
const tokenPauseMs = 2000;

/** A client for one signed-in person. */
export class Parley {
  /** Every endpoint of the REST API. */
  readonly api: ParleyApi;
  readonly #options: ParleyOptions;
  readonly #http: Http;
  readonly #storage: ParleyStorage;
  readonly #conversationDeps: ConversationDeps;
  readonly #signal = new Signal();
  readonly #events = new Events();
  readonly #open = new Map<string, ParleyConversation>();
  /** Those that were open last, the latest at the end. */
  readonly #recent = new Set<string>();
  #watched: string[] = [];
  #session: Session | null = null;
  #starting: Promise<Session> | null = null;
  #isClosed = true;
  /** Counts connects: what an earlier one began must not go on. */
  #run = 0;
  #stopWatching: (() => void)[] = [];
  readonly #overview = new Overview();
  #isDirty = true;
  #connection: ConnectionState = { status: 'closed' };

  constructor(options: ParleyOptions) {
    const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#options = options;
    this.#http = new Http(options.url.replace(/\/+$/, ''), new Tokens(options.getToken), fetch);
    this.api = new ParleyApi(this.#http);
    this.subscribe = this.subscribe.bind(this);
    this.#storage = options.storage ?? memoryStorage();
    this.#conversationDeps = {
      api: this.api,
      feed: () => this.#session?.feed ?? null,
      outbox: () => this.#session?.outbox ?? null,
      ready: () => this.#ready(),
      changed: (id) => this.#changed(id),
      used: (id) => this.#used(id),
    };
  }

  // --- the connection -------------------------------------------------------------------------------------------------

  /**
   * Connects, and stays so until `close`. What is known from last time shows at once. Resolves when everything is up to
   * date; need not be awaited.
   * @throws ParleyError `invalid_token`, if the token is refused; other trouble is waited out
   */
  connect(): Promise<void> {
    if (this.#isClosed) {
      this.#isClosed = false;
      this.#setConnection({ status: 'connecting' });
      this.#stopWatching = [watchSurroundings(() => this.wake()), watchLeaving(() => this.#write())];
      this.#start();
    } else this.wake();
    const live = new Promise<void>((resolve, reject) => {
      const look = (state: ConnectionState): boolean => {
        if (state.status === 'live') resolve();
        else if (state.status === 'refused') reject(state.error);
        else if (state.status === 'closed') reject(failure('closed', 'The client was closed'));
        else return false;
        return true;
      };
      // What was refused is tried again.
      if (this.#connection.status !== 'refused' && look(this.#connection)) return;
      const stop = this.on('connection', (state) => void (look(state) && stop()));
    });
    live.catch(() => undefined);
    return live;
  }

  /** Looks after the connection at once. Browsers need no call; React Native does when the app comes to the front. */
  wake(): void {
    this.#session?.feed.link.wake();
  }

  /**
   * Ends the connection; `connect` begins again. Unsent messages and what is known are kept for next time, unless
   * `forget`: for signing out. Resolves once everything is written.
   */
  async close({ forget = false } = {}): Promise<void> {
    const session = this.#session;
    this.#run++;
    this.#isClosed = true;
    for (const stop of this.#stopWatching) stop();
    this.#stopWatching = [];
    this.#write();
    this.#session = this.#starting = null;
    this.#watched = [];
    session?.feed.stop();
    session?.outbox.close();
    this.#setConnection({ status: 'closed' });
    this.#changed(null);
    await (forget ? session?.cache.clear() : session?.cache.close());
  }

  // --- what there is --------------------------------------------------------------------------------------------------

  /** Everything but the insides of conversations; the same object until something changes. */
  readonly getSnapshot = (): ParleyState => {
    if (this.#isDirty) this.#refresh();
    return this.#overview.state;
  };

  /** Calls `listener` after changes. Answers how to stop. Fit for React's `useSyncExternalStore`. */
  subscribe(listener: () => void): () => void;
  /** Calls `listener` when what `selector` picks is another object or value than before. */
  subscribe<T>(selector: (state: ParleyState) => T, listener: (now: T, before: T) => void): () => void;
  subscribe<T>(first: (state: ParleyState) => T, second?: (now: T, before: T) => void): () => void {
    if (second === undefined) return this.#signal.subscribe(() => void first(this.getSnapshot()));
    let before = first(this.getSnapshot());
    return this.#signal.subscribe(() => {
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
    return this.#events.on(type, handler);
  }

  // --- what one can do ------------------------------------------------------------------------------------------------

  /** One conversation, whether it is known yet or not. The same object for the same id. */
  conversation(id: string): ParleyConversation {
    const open = this.#open.get(id) ?? new ParleyConversation(id, this.#conversationDeps);
    this.#open.set(id, open);
    return open;
  }

  /** Opens a conversation with people; the one that there is, for a direct one. @throws ParleyError */
  async createConversation(body: CreateConversationBody): Promise<ParleyConversation> {
    const { feed } = await this.#ready();
    const conversation = await this.api.createConversation(body);
    feed.put(conversation);
    return this.conversation(conversation.id);
  }

  /** Reads the next 100 conversations into the list; or those archived, all of them. True if there may be more. */
  async loadConversations({ archived = false } = {}): Promise<boolean> {
    const { feed } = await this.#ready();
    if (archived) {
      for (let next = await feed.list(true); next !== null;) next = await feed.list(true, next);
      return false;
    }
    if (feed.listCursor !== null) feed.listCursor = await feed.list(false, feed.listCursor);
    this.#changed(null);
    return feed.listCursor !== null;
  }

  /** Reads how these people are into `statuses`, and keeps it up to date: the latest 100 of all calls. @throws ParleyError */
  async watchStatuses(userIds: readonly string[]): Promise<void> {
    const { feed } = await this.#ready();
    this.#watched = [...new Set([...userIds, ...this.#watched])].slice(0, maxWatched);
    if (userIds.length > 0)
      feed.replica.putStatuses(await this.api.getStatuses(userIds.slice(0, maxWatched)));
    this.#changed('');
  }

  /** Sends a frame as it is; without a connection it is dropped. */
  sendFrame(frame: ClientFrame): void {
    this.#session?.feed.link.send(frame);
  }

  /** Shows you as this while you are connected; `offline` hides you. @throws ParleyError */
  setStatus(status: UserStatus['status']): Promise<UserStatus> {
    return this.api.setStatus({ status });
  }

  // --- inside ---------------------------------------------------------------------------------------------------------

  #ready(): Promise<Session> {
    if (this.#session !== null) return Promise.resolve(this.#session);
    return this.#starting ?? Promise.reject(failure('closed', 'Call connect() first'));
  }

  #start(): void {
    const starting = this.#begin();
    this.#starting = starting;
    starting.catch(() => undefined);
  }

  /** Everything that needs to know who one is. Until there is a token, that is asked for again and again. */
  async #begin(): Promise<Session> {
    const run = ++this.#run;
    const userId = this.#options.userId ?? (await this.#askWhoIAm(run));
    const cache = new Cache(this.#storage, `${this.#http.origin} ${userId}`);
    const kept = await cache.load();
    if (run !== this.#run) throw failure('closed', 'The client was closed');
    const { share, WebSocket, timing } = this.#options;
    const session = createSession(
      {
        api: this.api,
        http: this.#http,
        cache,
        userId,
        share,
        WebSocket,
        timing,
        isShown: (id) => this.#open.get(id)?.isLoaded ?? false,
        changed: (id) => this.#changed(id),
        emit: (event) => this.#emit(event),
        lost: (id, access) => this.#open.get(id)?.lose(access),
        caughtUp: () => this.#caughtUp(),
        reconnected: () => this.#reconnected(),
      },
      kept,
    );
    this.#session = session;
    this.#changed(null);
    session.feed.start();
    return session;
  }

  async #askWhoIAm(run: number): Promise<string> {
    for (;;) {
      try {
        const userId = bearerOf(await this.#http.tokens.get());
        if (userId !== null) return userId;
        throw failure('invalid_token', 'The token does not say whose it is: give the option userId', 401);
      } catch (thrown) {
        if (run !== this.#run) throw failure('closed', 'The client was closed');
        const error = toParleyError(thrown);
        const retryAt = Date.now() + tokenPauseMs;
        this.#setConnection(
          error.status === 401 ? { status: 'refused', error } : { status: 'waiting', retryAt, error },
        );
        await sleep(tokenPauseMs);
      }
    }
  }

  #reconnected(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.on('connection', ({ status }) => {
        if (status !== 'catching_up' && status !== 'live') return;
        stop();
        resolve();
      });
    });
  }

  #caughtUp(): void {
    for (const conversation of this.#open.values()) conversation.resumed();
    if (this.#watched.length > 0) this.watchStatuses(this.#watched).catch(() => undefined);
  }

  #emit(event: ParleyEvent): void {
    if (event.type === 'connection') {
      const { type: _, ...state } = event;
      this.#setConnection(state);
    } else this.#events.emit(event);
  }

  #setConnection(state: ConnectionState): void {
    this.#connection = state;
    this.#events.emit({ type: 'connection', ...state });
    this.#changed('');
  }

  /** What is shown of a conversation changed; null: of all; empty: of none. */
  #changed(id: string | null): void {
    this.#isDirty = true;
    this.#signal.fire();
    const session = this.#session;
    const held = session?.feed.replica.conversations;
    for (const each of id === null ? [...(held?.keys() ?? []), ...this.#open.keys()] : [id]) {
      if (each === '') continue;
      this.#overview.touch(each);
      const one = held?.get(each);
      if (one !== undefined && !this.#recent.has(each) && one.last_seq - one.messages_from > 2 * pageLimit)
        one.retain(pageLimit);
      this.#open.get(each)?.invalidate();
      session?.cache.touch(each, () => this.#write());
    }
  }

  /** Those that were looked at long ago let go of their older messages. */
  #used(id: string): void {
    this.#recent.delete(id);
    this.#recent.add(id);
    for (const old of this.#recent) {
      if (this.#recent.size <= maxRecent) return;
      if (this.#open.get(old)?.isOpen === true) continue;
      this.#recent.delete(old);
      this.#open.get(old)?.shrink();
    }
  }

  /** Only whoever has the socket writes: all tabs share one storage. */
  #write(): void {
    if (this.#session === null) return;
    const { feed, cache } = this.#session;
    cache.write(feed.replica, feed.link.leads ? feed.cursor : null, feed.listCursor === null);
  }

  #refresh(): void {
    this.#isDirty = false;
    const feed = this.#session?.feed;
    this.#overview.refresh({
      connection: this.#connection,
      replica: feed?.replica,
      isListed: feed?.listCursor === null,
      readTo: (id) => this.#open.get(id)?.readTo ?? 0,
    });
  }
}
