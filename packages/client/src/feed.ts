import type { ServerFrame, SyncAnswer } from '@parley/protocol';
import { failure, toParleyError } from './errors.ts';
import type { Host } from './host.ts';
import type { Link, LinkListener, LinkStatus } from './link.ts';
import { pauseAfter } from './platform.ts';
import { Requests, type Command } from './requests.ts';
import type { Store } from './store.ts';

/** Between two moves of the cursor on a connection that stands: what a return has to read stays short. In milliseconds. */
const advanceMs = 10 * 60_000;

/** Marks the answers to `resume`; the ids of others are random. */
const resumeId = 'resume';

/** Keeps the store up to date: reads what was missed when a connection begins, and lets events wait meanwhile. */
export class Feed {
  readonly store: Store;
  readonly link: Link;
  /** Where to go on; null before anything was read. */
  cursor: string | null = null;
  isOpen = false;
  readonly #host: Host;
  readonly #requests = new Requests();
  /** Events that wait for a catch-up; null while live. */
  #behind: ServerFrame[] | null = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #caughtUp: () => void;

  /** `caughtUp`: everything up to now is known. */
  constructor(
    host: Host,
    store: Store,
    makeLink: (to: LinkListener) => Link,
    caughtUp: () => void,
    more: Pick<LinkListener, 'leads' | 'told'>,
  ) {
    this.#host = host;
    this.store = store;
    this.#caughtUp = caughtUp;
    this.link = makeLink({
      ...more,
      status: (status) => this.#linkChanged(status),
      frame: (frame) => this.#receive(frame),
      missed: () => void this.#catchUp(null),
    });
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.link.leads && this.#behind === null) this.#resume();
    }, advanceMs);
    this.link.start();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.link.stop();
    this.#interrupt('closed', 'The client was closed');
  }

  /**
   * Sends a frame and awaits its answer.
   * @throws ParleyError the server's refusal; `network` without a connection, or without an answer: it may have worked
   */
  async request(frame: Command): Promise<ServerFrame> {
    if (!this.isOpen) throw failure('network', 'There is no connection');
    return this.#requests.ask(frame, (numbered) => this.link.send(numbered));
  }

  #interrupt(code: string, message: string): void {
    this.store.run++;
    this.store.typing.clear();
    this.#requests.fail(failure(code, message));
  }

  #linkChanged(status: LinkStatus): void {
    const isOpen = status.status === 'open';
    // Another tab has asked how the socket does.
    if (isOpen && this.isOpen && !this.link.leads) return;
    this.isOpen = isOpen;
    if (!isOpen) {
      this.#interrupt('network', 'The connection was lost');
      this.#behind ??= [];
      return this.#host.connection(status);
    }
    this.#host.connection({ status: 'catching_up' });
    if (!this.link.leads) return;
    this.#behind = [];
    this.#resume();
  }

  #resume(): void {
    if (this.cursor !== null) this.link.send({ type: 'resume', cursor: this.cursor, request_id: resumeId });
  }

  #receive(frame: ServerFrame): void {
    this.#requests.answered(frame);
    const { leads } = this.link;
    if (frame.type === 'message_ack') return this.store.acknowledge(frame.message);
    if (frame.type === 'connected') {
      if (frame.user_id !== this.store.replica.userId) return this.#refuse();
      // Who shares another's socket catches up over HTTP.
      if (!leads || this.cursor === null) void this.#catchUp(leads ? frame.cursor : null);
      return;
    }
    // Whoever shares the socket has to list anew, too.
    if (frame.type === 'sync' && (leads || frame.reset)) {
      if (frame.reset) return void this.#catchUp(frame.cursor, frame);
      this.#apply(frame);
      if (!frame.has_more && this.#behind !== null) this.#goLive();
      return;
    }
    if (frame.type === 'error' && frame.request_id !== undefined) {
      if (frame.request_id === resumeId) void this.#catchUp(null);
      return;
    }
    if (this.#behind === null) this.#take(frame);
    else this.#behind.push(frame);
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'sync') this.#apply(frame);
    else this.store.take(frame);
  }

  #apply(answer: SyncAnswer): void {
    // After a reset it is good for nothing before the list was read: until then the old one is what is kept.
    this.cursor = answer.reset ? null : answer.cursor;
    this.store.apply(answer);
  }

  /** What is held must not be mixed with somebody else's. */
  #refuse(): void {
    this.link.stop();
    const error = failure('invalid_token', "The token is somebody else's", 401);
    this.#linkChanged({ status: 'refused', error });
  }

  /** Over HTTP; events wait until it is done. Without a cursor, by reading the list; `from`: what it is then good for. */
  async #catchUp(from: string | null, reset?: SyncAnswer): Promise<void> {
    const run = ++this.store.run;
    this.#behind = [];
    if (reset !== undefined) this.#apply(reset);
    this.#host.connection({ status: 'catching_up' });
    while (run === this.store.run) {
      try {
        if (await this.#catchUpOnce(run, from)) this.#goLive();
        return;
      } catch (thrown) {
        const error = toParleyError(thrown);
        if (error.status !== 422 || this.cursor === null) await pauseAfter(error);
        // The server does not take this place for one: everything is listed anew.
        else this.cursor = null;
      }
    }
  }

  /** True when it is done, false if a later one has begun. */
  async #catchUpOnce(run: number, from: string | null): Promise<boolean> {
    const { api } = this.#host;
    const isOver = () => run !== this.store.run;
    let mustList = this.cursor === null;
    let begin = mustList ? (from ?? (await api.sync()).cursor) : null;
    for (let more = !mustList; more;) {
      const answer = await api.sync(this.cursor ?? undefined);
      if (isOver()) return false;
      mustList = answer.reset;
      more = answer.has_more && !mustList;
      if (mustList) begin = answer.cursor;
      this.#apply(answer);
    }
    if (mustList) {
      this.store.listCursor = undefined;
      this.store.knowsArchive = false;
      // Of what was read before there was a cursor, changes may have been missed.
      const early = [...this.store.replica.conversations.keys()];
      const next = await this.store.list(false);
      if (isOver()) return false;
      for (const id of early) void this.store.read(id);
      this.store.listCursor = next;
      this.cursor ??= begin;
    }
    return !isOver();
  }

  #goLive(): void {
    const waiting = this.#behind ?? [];
    this.#behind = null;
    for (const frame of waiting) this.#take(frame);
    this.#host.connection({ status: 'live' });
    this.#caughtUp();
  }
}
