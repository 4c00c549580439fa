import { bearerOf, type GetToken } from '@parley/client';
import type { Account } from './account.ts';
import { isSameIdentity, keptConfig, readConfig, type ServerConfig } from './config.ts';
import { demoAccount, forgetDemoPerson, keepDemoPerson, keptDemoPerson } from './demo.ts';
import { HostPage, isFramed } from './host-page.ts';
import { nameIn } from './token-name.ts';
import { takeReturn } from './link-return.ts';
import type { Session, Way } from './session.ts';
import { SupabaseSession, sentenceOfAuth } from './supabase.ts';

export interface SessionOptions {
  readonly server: string;
  /** By the host page of an element: then nothing else counts. */
  readonly getToken: GetToken | null;
  /** Whether the address and the frame are the app's own, and not of a page that it is an element of. */
  readonly ownsWindow: boolean;
}

/** Counts what pages gave: each `getToken` is perhaps another person's. */
let given = 0;

const firstPauseMs = 2000;
const longestPauseMs = 30_000;

/** Who is signed in. What this window knows counts at once; what the server says follows when it can be reached. */
export class SessionStore {
  readonly #options: SessionOptions;
  readonly #listeners = new Set<() => void>();
  #session: Session = { status: 'loading' };
  #config: ServerConfig | null = null;
  #way: Way = { kind: 'token' };
  #supabase: SupabaseSession | null = null;
  #stopHost: (() => void) | undefined;
  #pauseMs = firstPauseMs;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts starts: what an earlier one began must not go on. */
  #run = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  readonly getSnapshot = (): Session => this.#session;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Begins; answers how to end. */
  start(): () => void {
    const { server, getToken } = this.#options;
    this.#run++;
    if (getToken !== null) {
      // Each time another key: a page that sets another `getToken` may mean another person.
      this.#signedIn({
        key: `${server} element ${++given}`,
        server,
        userId: null,
        name: null,
        getToken,
        signOut: null,
      });
      return () => undefined;
    }
    const config = keptConfig(server);
    if (config !== null) this.#take(config);
    void this.#read();
    window.addEventListener('online', this.#retry);
    window.addEventListener('storage', this.#onStorage);
    // A link that is pasted into the address of this very page does not load it again.
    window.addEventListener('hashchange', this.#takeLink);
    return () => {
      this.#run++;
      clearTimeout(this.#timer);
      this.#stopHost?.();
      this.#stopHost = undefined;
      this.#config = null;
      window.removeEventListener('online', this.#retry);
      window.removeEventListener('storage', this.#onStorage);
      window.removeEventListener('hashchange', this.#takeLink);
    };
  }

  // --- what the server says ---------------------------------------------------------------------------------------------

  async #read(): Promise<void> {
    const run = this.#run;
    clearTimeout(this.#timer);
    try {
      const config = await readConfig(this.#options.server);
      if (run !== this.#run) return;
      this.#pauseMs = firstPauseMs;
      if (this.#config === null || !isSameIdentity(config, this.#config)) this.#take(config);
      else this.#config = config;
      if (this.#session.status === 'unreachable') this.#signedOut(null);
    } catch {
      if (run !== this.#run) return;
      const retryAt = Date.now() + this.#pauseMs;
      this.#timer = setTimeout(this.#retry, this.#pauseMs);
      this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
      if (this.#session.status !== 'signed-in')
        this.#set({ status: 'unreachable', retryAt, retry: this.#retry });
    }
  }

  readonly #retry = (): void => void this.#read();

  /** Goes on with whoever is known under this way of signing in. */
  #take(config: ServerConfig): void {
    const { server, ownsWindow } = this.#options;
    this.#config = config;
    this.#way = this.#wayOf(config);
    this.#stopHost?.();
    this.#stopHost = ownsWindow && isFramed() ? this.#listenToHost(config.host_origins) : undefined;
    if (this.#takeLink()) return;
    const person = config.identity.kind === 'demo' ? keptDemoPerson(server) : null;
    if (person !== null) this.#signedIn(demoAccount(server, person, this.#signOut));
    else if (this.#supabase !== null) this.#resume();
    else this.#signedOut(null);
  }

  #wayOf({ identity }: ServerConfig): Way {
    const { server } = this.#options;
    this.#supabase = null;
    if (identity.kind === 'demo')
      return {
        kind: 'demo',
        signIn: (person) => {
          keepDemoPerson(server, person);
          this.#signedIn(demoAccount(server, person, this.#signOut));
        },
      };
    if (identity.kind === 'token') return { kind: 'token' };
    this.#supabase = new SupabaseSession(server, identity);
    return { kind: 'supabase', supabase: this.#supabase, onSignedIn: this.#resume };
  }

  // --- Supabase -----------------------------------------------------------------------------------------------------------

  /** With whoever supabase-js has signed in. */
  readonly #resume = (): void => {
    const account = this.#supabase?.account(this.#signOut, this.#end) ?? null;
    if (account === null) this.#signedOut(null);
    else this.#signedIn(account);
  };

  /** Goes on with a link from an e-mail, if one led here. */
  readonly #takeLink = (): boolean => {
    const supabase = this.#supabase;
    const link = supabase !== null && this.#options.ownsWindow ? takeReturn() : null;
    if (supabase === null || link === null) return false;
    if (link.kind === 'error') {
      this.#signedOut(sentenceOfAuth(Object.assign(new Error(link.message), { code: link.code })));
    } else {
      this.#set({ status: 'loading' });
      supabase
        .acceptLink(link)
        .then(this.#resume, (error: unknown) => this.#signedOut(sentenceOfAuth(error)));
    }
    return true;
  };

  /** Another tab has signed in or out. */
  readonly #onStorage = ({ key, newValue }: StorageEvent): void => {
    if (this.#supabase === null || key !== this.#supabase.storageKey) return;
    const isSignedIn = this.#session.status === 'signed-in';
    if (isSignedIn ? newValue === null : newValue !== null) this.#resume();
  };

  // --- the page around the app ----------------------------------------------------------------------------------------------

  #listenToHost(origins: readonly string[]): () => void {
    let latest: string | null = null;
    const page = new HostPage(origins, (token, isAnswer) => {
      latest = isAnswer ? null : token;
      const { server } = this.#options;
      const userId = bearerOf(token);
      const key = `${server} host ${userId}`;
      if (this.#session.status === 'signed-in' && this.#session.account.key === key) return;
      const getToken = (): string | Promise<string> => {
        const fresh = latest;
        latest = null;
        return fresh ?? page.token();
      };
      this.#signedIn({ key, server, userId, name: nameIn(token), getToken, signOut: null });
    });
    return page.start();
  }

  // --- what is told -----------------------------------------------------------------------------------------------------------

  #signedIn(account: Account): void {
    const refuse = account.signOut === null ? null : this.#end;
    this.#set({ status: 'signed-in', account, refuse });
  }

  readonly #end = (reason: string): void => {
    forgetDemoPerson(this.#options.server);
    void this.#supabase?.signOut();
    this.#signedOut(reason);
  };

  readonly #signOut = (): void => {
    forgetDemoPerson(this.#options.server);
    this.#signedOut(null);
  };

  #signedOut(reason: string | null): void {
    if (this.#config === null) return;
    const { server } = this.#options;
    this.#set({ status: 'signed-out', server, config: this.#config, way: this.#way, reason });
  }

  #set(session: Session): void {
    this.#session = session;
    for (const listener of this.#listeners) listener();
  }
}
