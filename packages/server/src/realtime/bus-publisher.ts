import type { Clock } from '../messaging/ports.ts';
import { encodeEvents, encodeLoss } from './bus-wire.ts';
import type { Log } from './listener.ts';

export interface PublisherDeps {
  readonly nodeId: string;
  /** Calls `done` once: with what happened if it did not arrive, or may not have. */
  readonly send: (channel: string, payload: string, done: (failure: Error | null) => void) => void;
  /** Whether there is a point in sending. */
  readonly ready: (channel: string) => boolean;
  /** Followed by every node. */
  readonly everybody: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** So many events did not reach other nodes, or may not have. */
  readonly onLost: (events: number) => void;
}

/** Characters that wait for Redis to take them, at most: what comes beyond is dropped. */
const mostWaiting = 4 * 1024 * 1024;
/** Characters of one payload, unless a single event has more. */
const mostPayload = 64 * 1024;
/** Milliseconds: while something is unanswered for longer, nothing more is sent. What is sent may take so long. */
const silentMs = 2000;
/** Milliseconds between two attempts to tell others of what they missed. */
const tellLossEveryMs = 500;

/**
 * Sends events to other nodes: those of one turn for one channel in one message, without waiting. What can't be sent
 * is dropped and counted; once it works again, others are told for how long it did not.
 */
export class BusPublisher {
  readonly #deps: PublisherDeps;
  readonly #queue = new Map<string, string[]>();
  #turn: NodeJS.Immediate | null = null;
  #waiting = 0;
  /** What Redis has not yet taken, and since when (`performance.now()`). The oldest is first. */
  readonly #sending = new Map<object, number>();
  /** Told when nothing is being sent any more. */
  #onAllSent: (() => void) | null = null;
  /** When the first event was lost of which others were not told. */
  #lostSince = Infinity;
  #failing = false;
  #lossTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** What is kept for Redis: characters. */
  get waiting(): number {
    return this.#waiting;
  }

  publish(channels: readonly string[], event: object): void {
    if (channels.length === 0 || this.#closed) return;
    const reachable = channels.filter((channel) => this.#canSend(channel));
    if (reachable.length < channels.length) this.#lose(1, this.#deps.clock.now());
    if (reachable.length === 0) return;
    const text = JSON.stringify(event);
    for (const channel of reachable) {
      const queued = this.#queue.get(channel);
      if (queued === undefined) this.#queue.set(channel, [text]);
      else queued.push(text);
      this.#waiting += text.length;
    }
    this.#turn ??= setImmediate(() => this.#flush());
  }

  /** Sends what is queued, and waits until it is taken, but not for long. */
  async close(waitMs: number): Promise<void> {
    this.#closed = true;
    if (this.#lossTimer !== null) clearTimeout(this.#lossTimer);
    this.#flush();
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onAllSent = resolve;
      timer = setTimeout(resolve, waitMs);
      if (this.#sending.size === 0) resolve();
    });
    clearTimeout(timer);
  }

  #canSend(channel: string): boolean {
    if (!this.#deps.ready(channel) || this.#waiting > mostWaiting) return false;
    const [oldest] = this.#sending.values();
    return oldest === undefined || performance.now() - oldest < silentMs;
  }

  #flush(): void {
    if (this.#turn !== null) clearImmediate(this.#turn);
    this.#turn = null;
    const queue = [...this.#queue];
    this.#queue.clear();
    for (const [channel, texts] of queue) {
      for (const batch of inBatches(texts)) this.#sendBatch(channel, batch);
    }
  }

  #sendBatch(channel: string, texts: readonly string[]): void {
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    const at = this.#deps.clock.now();
    const sending = {};
    this.#sending.set(sending, performance.now());
    this.#deps.send(channel, encodeEvents(this.#deps.nodeId, texts), (failure) => {
      this.#waiting -= size;
      this.#sending.delete(sending);
      if (failure !== null) this.#lose(texts.length, at, failure);
      if (this.#sending.size === 0) this.#onAllSent?.();
    });
  }

  /** `at`: when they were to be sent. */
  #lose(events: number, at: number, err?: unknown): void {
    this.#deps.onLost(events);
    if (this.#closed) return;
    if (!this.#failing)
      this.#deps.log.warn({ err }, 'events do not reach other nodes, which have to look for what they miss');
    this.#failing = true;
    this.#lostSince = Math.min(this.#lostSince, at);
    this.#tellLossSoon();
  }

  #tellLossSoon(): void {
    this.#lossTimer ??= setTimeout(() => void this.#tellLoss(), tellLossEveryMs).unref();
  }

  /** Never rejects. */
  async #tellLoss(): Promise<void> {
    const since = this.#lostSince;
    // What is lost from here on is told the next time.
    this.#lostSince = Infinity;
    const told = await this.#sendLoss(since);
    this.#lossTimer = null;
    if (!told) this.#lostSince = Math.min(this.#lostSince, since);
    if (this.#closed) return;
    if (this.#lostSince < Infinity) return this.#tellLossSoon();
    this.#failing = false;
    this.#deps.log.info({}, 'events reach other nodes again');
  }

  #sendLoss(since: number): Promise<boolean> {
    const { everybody, nodeId, clock, send } = this.#deps;
    if (!this.#canSend(everybody)) return Promise.resolve(false);
    // Counted back from when it arrives, and it may be under way for a while: rather too long than too short.
    const lostForMs = Math.max(0, clock.now() - since) + silentMs;
    // What went wrong was logged when it began.
    return new Promise((resolve) =>
      send(everybody, encodeLoss(nodeId, lostForMs), (failure) => resolve(failure === null)),
    );
  }
}

function* inBatches(texts: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let size = 0;
  for (const text of texts) {
    if (batch.length > 0 && size + text.length > mostPayload) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(text);
    size += text.length;
  }
  if (batch.length > 0) yield batch;
}
