import type { ClientFrame, ServerFrame } from '@parley/protocol';
import type { Link, LinkListener, LinkStatus } from './link.ts';
import { newId } from './platform.ts';

/** Makes a link of one's own for whoever leads. */
export type MakeLink = (to: LinkListener) => Link;
/** Makes a link that is shared by all who give the same name; null where that can't be done. */
export type ShareLink = (name: string, make: MakeLink, to: LinkListener) => Link | null;

/** The part of the Web Locks API that is used here. */
export interface Locks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    held: () => Promise<void>,
  ): Promise<unknown>;
}

/** The part of a `BroadcastChannel` that is used here. */
export interface Channel {
  onmessage: ((event: never) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** The two web APIs that sharing needs. */
export interface TabApis {
  readonly locks: Locks;
  readonly BroadcastChannel: new (name: string) => Channel;
}

type Note =
  /** Somebody came: where are we? */
  | { readonly kind: 'hello' }
  /** To all others. */
  | { readonly kind: 'news'; readonly news: unknown }
  /** To the leader: send this. */
  | { readonly kind: 'send'; readonly frame: ClientFrame }
  /** From the leader: its `n`th frame, and how it does. */
  | { readonly kind: 'frame'; readonly leader: string; readonly n: number; readonly frame: ServerFrame }
  | { readonly kind: 'status'; readonly leader: string; readonly n: number; readonly status: LinkStatus };

/** Milliseconds that a leader has to answer a `hello`, before its place is taken. */
const patienceMs = 3000;

/**
 * One socket for all tabs of a browser: whoever holds the lock has it, and passes frames on to the others. Those see by
 * `n` whether they missed any. A leader that neither ends nor answers is replaced.
 */
class SharedLink implements Link {
  readonly #apis: TabApis;
  readonly #name: string;
  readonly #make: MakeLink;
  readonly #to: LinkListener;
  readonly #channel: Channel;
  /** One's own link, while one leads. */
  #own: Link | null = null;
  #stop = new AbortController();
  /** Who leads, as far as is known, and the number of its last frame. */
  #leader = '';
  #n = 0;
  #status: LinkStatus = { status: 'connecting' };
  #silent: ReturnType<typeof setTimeout> | undefined;

  constructor(apis: TabApis, name: string, make: MakeLink, to: LinkListener) {
    this.#apis = apis;
    this.#name = name;
    this.#make = make;
    this.#to = to;
    this.#channel = new apis.BroadcastChannel(name);
  }

  get leads(): boolean {
    return this.#own !== null;
  }

  start(): void {
    this.#channel.onmessage = ({ data }: { data: Note }) => this.#hear(data);
    this.#queue({ signal: this.#stop.signal });
    this.wake();
  }

  stop(): void {
    clearTimeout(this.#silent);
    this.#stop.abort();
    this.#channel.close();
  }

  wake(): void {
    if (this.#own !== null) return this.#own.wake();
    this.#post({ kind: 'hello' });
    this.#silent ??= setTimeout(() => {
      this.#silent = undefined;
      this.#stop.abort();
      this.#stop = new AbortController();
      this.#queue({ steal: true });
    }, patienceMs);
  }

  send(frame: ClientFrame): void {
    if (this.#own === null) this.#post({ kind: 'send', frame });
    else this.#own.send(frame);
  }

  tell(news: unknown): void {
    this.#post({ kind: 'news', news });
  }

  /** Leads as soon as the lock is free, until it is given back or taken away. */
  #queue(options: { readonly signal?: AbortSignal; readonly steal?: boolean }): void {
    const { signal } = this.#stop;
    let isGranted = false;
    const lead = () =>
      new Promise<void>((resolve) => {
        isGranted = true;
        if (signal.aborted) return resolve();
        signal.addEventListener('abort', () => {
          this.#resign();
          resolve();
        });
        this.#lead();
      });
    this.#apis.locks.request(this.#name, options, lead).catch(() => {
      if (signal.aborted) return;
      // Never given, as in an embedded page without storage: each tab has a socket of its own.
      if (!isGranted) return void lead();
      // Taken away: this tab was away for too long.
      this.#resign();
      this.#queue({ signal });
      this.wake();
    });
  }

  #lead(): void {
    clearTimeout(this.#silent);
    this.#silent = undefined;
    this.#leader = newId();
    this.#n = 0;
    this.#own = this.#make({
      ...this.#to,
      status: (status) => {
        this.#status = status;
        this.#post({ kind: 'status', leader: this.#leader, n: this.#n, status });
        this.#to.status(status);
      },
      frame: (frame) => {
        this.#post({ kind: 'frame', leader: this.#leader, n: ++this.#n, frame });
        this.#to.frame(frame);
      },
    });
    this.#to.leads();
    this.#own.start();
  }

  #resign(): void {
    this.#own?.stop();
    this.#own = null;
    this.#leader = '';
  }

  #post(note: Note): void {
    if (!this.#stop.signal.aborted) this.#channel.postMessage(note);
  }

  #hear(note: Note): void {
    if (note.kind === 'news') return this.#to.told(note.news);
    if (this.#own !== null) {
      if (note.kind === 'send') this.#own.send(note.frame);
      if (note.kind === 'hello')
        this.#post({ kind: 'status', leader: this.#leader, n: this.#n, status: this.#status });
      return;
    }
    if (note.kind === 'hello' || note.kind === 'send') return;
    clearTimeout(this.#silent);
    this.#silent = undefined;
    const expected = note.kind === 'frame' ? this.#n + 1 : this.#n;
    const missed = note.leader !== this.#leader || note.n !== expected;
    this.#leader = note.leader;
    this.#n = note.n;
    if (note.kind === 'status') this.#to.status(note.status);
    else if (missed) this.#to.status({ status: 'open' });
    if (missed) this.#to.missed();
    if (note.kind === 'frame') this.#to.frame(note.frame);
  }
}

interface Surroundings {
  readonly navigator?: { readonly locks?: Locks };
  readonly BroadcastChannel?: TabApis['BroadcastChannel'];
  readonly document?: unknown;
}

/** By the browser's own Web Locks and BroadcastChannel; null where one is missing, and outside of browsers. */
export const shareTabs: ShareLink = (name, make, to) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member is optional
  const { navigator, BroadcastChannel, document } = globalThis as unknown as Surroundings;
  const locks = navigator?.locks;
  return document === undefined || locks === undefined || BroadcastChannel === undefined
    ? null
    : shareBy({ locks, BroadcastChannel })(name, make, to);
};

/** By APIs that are handed over. */
export const shareBy =
  (apis: TabApis): ShareLink =>
  (name, make, to) =>
    new SharedLink(apis, name, make, to);
