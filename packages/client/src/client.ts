import { ParleyApi } from './api.ts';
import type { Cache } from './cache.ts';
import type { Timing } from './connection.ts';
import { closed, failure, toParleyError } from './errors.ts';
import { Events, type ParleyEvent } from './events.ts';
import { Http, type Fetch } from './http.ts';
import { Overview } from './overview.ts';
import { loadSession, loadUpload } from './parts.ts';
import { sleep, watchSurroundings, type WebSocketConstructor } from './platform.ts';
import type { Context } from './reading.ts';
import type { Session } from './session.ts';
import { Signal } from './signal.ts';
import type { ConnectionState, ParleyState } from './state.ts';
import { memoryStorage, type ParleyStorage } from './storage.ts';
import type { ShareLink } from './tabs.ts';
import { Tokens, bearerOf, type GetToken } from './tokens.ts';
import { ConversationView } from './view.ts';
import { pageLimit } from './window.ts';

export interface ParleyOptions {
  /** Where the server is: `https://chat.example.org`, without `/api`. What is no address throws a `TypeError`. */
  readonly url: string;
  /** Answers a valid token, within 30 s; asked at first, shortly before one expires, and when one is refused. */
  readonly getToken: GetToken;
  /** Who that is; needed only where tokens don't say it by `sub`, or to show what is known before there is a token. */
  readonly userId?: string;
  /** Keeps unsent messages and what was last known, for each person apart. Without one they live in memory. */
  readonly storage?: ParleyStorage | null;
  /** Shares one socket among all tabs; may still be loading. */
  readonly share?: ShareLink | null | Promise<ShareLink | null>;
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
/** Milliseconds before a start that failed is tried again. */
const startPauseMs = 2000;

/** `ws:` is as good as `http:`. @throws TypeError */
function originOf(url: unknown): string {
  const [, rest] = /^(?:http|ws)(s?:\/\/[^/].*?)\/*$/.exec(String(url)) ?? [];
  if (rest === undefined)
    throw new TypeError(`Parley needs a url such as https://chat.example.org, not ${String(url)}`);
  return `http${rest}`;
}

/** What is behind a `Parley`: begins and ends sessions, and says what changed. */
export class Client implements Context {
  readonly api: ParleyApi;
  readonly views = new Map<string, ConversationView>();
  readonly signal = new Signal();
  readonly events = new Events();
  session: Session | null = null;
  state: ConnectionState = { status: 'closed' };
  watched: readonly string[] = [];
  readonly #options: ParleyOptions;
  readonly #http: Http;
  readonly #storage: ParleyStorage;
  readonly #overview = new Overview();
  /** Those that were open last, the latest at the end. */
  readonly #recent = new Set<string>();
  #starting: Promise<Session> | null = null;
  /** That of the last session: what is kept can be forgotten afterwards. */
  #cache: Cache | undefined;
  /** Counts starts: what an earlier one began must not go on. */
  #run = 0;
  #stopWatching: (() => void) | undefined;
  #isDirty = true;

  constructor(options: ParleyOptions) {
    const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#options = options;
    if (typeof options.getToken !== 'function')
      throw new TypeError('Parley needs getToken: a function that answers a token');
    this.#http = new Http(originOf(options.url), new Tokens(options.getToken), fetch);
    this.api = new ParleyApi(this.#http);
    this.#storage = options.storage ?? memoryStorage();
  }

  // --- from connect to close ------------------------------------------------------------------------------------------

  start(): void {
    if (this.#starting !== null) return this.wake();
    this.connection({ status: 'connecting' });
    this.#stopWatching = watchSurroundings(
      () => this.wake(),
      () => this.#write(),
    );
    // Asked for again by an upload, if it can't be loaded now.
    loadUpload().catch(() => undefined);
    this.#starting = this.#begin(++this.#run);
    this.#starting.catch(() => undefined);
  }

  async stop(forget: boolean): Promise<void> {
    const { session } = this;
    // Who waits for the first `connect` need not any more.
    if (this.#run++ === 0) this.emit({ type: 'connection', status: 'closed' });
    this.#stopWatching?.();
    this.#write();
    this.session = this.#starting = null;
    this.watched = [];
    session?.feed.stop();
    session?.outbox.close();
    this.connection({ status: 'closed' });
    this.changed(...this.views.keys(), ...(session?.store.replica.conversations.keys() ?? []));
    this.#http.tokens = new Tokens(this.#options.getToken);
    this.#cache = session?.cache ?? this.#cache;
    await (forget ? this.#cache?.clear() : session?.cache.close());
  }

  wake(): void {
    this.session?.feed.link.wake();
  }

  async ready(): Promise<Session> {
    // Whoever asks before the first `connect` waits for it.
    while (this.#starting === null && this.#run === 0) await this.until(() => true);
    return this.session ?? this.#starting ?? Promise.reject(closed());
  }

  /** Tries until it is known who one is, and what is kept of them. */
  async #begin(run: number): Promise<Session> {
    for (;;) {
      try {
        const [userId, { Cache, createSession }, share] = await Promise.all([
          this.#whoAmI(),
          loadSession(),
          this.#options.share,
        ]);
        const cache = new Cache(this.#storage, `${this.#http.origin} ${userId}`);
        const kept = await cache.load();
        if (run !== this.#run) break;
        const options = {
          ...this.#options,
          http: this.#http,
          userId,
          share,
          caughtUp: () => this.#caughtUp(),
          reconnected: () => this.until(({ status }) => status === 'catching_up' || status === 'live'),
        };
        const session = createSession(this, options, cache, kept);
        this.session = session;
        this.changed(...session.store.replica.conversations.keys(), ...this.views.keys());
        session.feed.start();
        return session;
      } catch (thrown) {
        if (run !== this.#run) break;
        const error = toParleyError(thrown);
        const retryAt = Date.now() + startPauseMs;
        this.connection(
          error.status === 401 ? { status: 'refused', error } : { status: 'waiting', retryAt, error },
        );
        await sleep(startPauseMs);
      }
    }
    throw closed();
  }

  async #whoAmI(): Promise<string> {
    const { tokens } = this.#http;
    const userId = this.#options.userId ?? bearerOf(await tokens.get());
    if (userId !== null) return (tokens.owner = userId);
    throw failure('invalid_token', 'The token does not say whose it is: give the option userId', 401);
  }

  #caughtUp(): void {
    for (const view of this.views.values()) view.resumed();
    if (this.watched.length > 0) this.watch([]).catch(() => undefined);
  }

  // --- what is told ---------------------------------------------------------------------------------------------------

  emit(event: ParleyEvent): void {
    this.events.emit(event);
  }

  connection(state: ConnectionState): void {
    if (state.status === this.state.status && !('error' in state)) return;
    this.state = state;
    this.emit({ type: 'connection', ...state });
    this.changed();
  }

  /** Resolves once the connection is so. */
  until(isSo: (state: ConnectionState) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.events.on('connection', (state: ConnectionState) => {
        if (!isSo(state)) return;
        stop();
        resolve();
      });
    });
  }

  changed(...ids: readonly string[]): void {
    const { session } = this;
    this.#isDirty = true;
    this.signal.fire();
    for (const id of ids) {
      this.#overview.touch(id);
      const held = session?.store.get(id);
      if (held !== undefined && !this.#recent.has(id) && held.last_seq - held.messages_from > 2 * pageLimit)
        held.retain(pageLimit);
      this.views.get(id)?.invalidate();
      session?.cache.touch(id, () => this.#write());
    }
  }

  getSnapshot(): ParleyState {
    if (this.#isDirty) this.#overview.refresh(this.state, this.session);
    this.#isDirty = false;
    return this.#overview.state;
  }

  // --- what is held ---------------------------------------------------------------------------------------------------

  view(id: string): ConversationView {
    const view = this.views.get(id) ?? new ConversationView(id, this);
    this.views.set(id, view);
    return view;
  }

  /** Reads how these people are, and those who are watched already. */
  async watch(userIds: readonly string[]): Promise<void> {
    const { store } = await this.ready();
    const asked = [...new Set([...userIds, ...this.watched])].slice(0, maxWatched);
    this.watched = asked;
    if (asked.length > 0) await store.readStatuses(asked);
    this.changed();
  }

  /** Those that were looked at long ago let go of their older messages. */
  used(id: string): void {
    this.#recent.delete(id);
    this.#recent.add(id);
    for (const old of this.#recent) {
      if (this.#recent.size <= maxRecent) return;
      if (this.views.get(old)?.isOpen === true) continue;
      this.#recent.delete(old);
      this.views.get(old)?.shrink();
    }
  }

  /** Only whoever has the socket writes: all tabs share one storage. */
  #write(): void {
    if (this.session === null) return;
    const { feed, store, cache } = this.session;
    cache.write(store.replica, feed.link.leads ? feed.cursor : null, store.listCursor === null);
  }
}
