import type { Clock } from '../messaging/ports.ts';
import { encodeEvents, encodeLoss } from './bus-wire.ts';
import type { Log } from './listener.ts';

export interface PublisherDeps {
  readonly nodeId: string;
  /** Rejects when it did not arrive, or may not have. */
  readonly send: (channel: string, payload: string) => Promise<unknown>;
  /** Whether there is a point in sending. */
  readonly ready: () => boolean;
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
/**
 * Milliseconds: while something is unanswered for longer, nothing more is sent. A socket into which one goes on writing
 * would never be found silent.
 */
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
  readonly #sending = new Map<Promise<void>, number>();
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
    if (!this.#canSend()) return this.#lose(1, this.#deps.clock.now());
    const text = JSON.stringify(event);
    for (const channel of channels) {
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
    const enough = new Promise((resolve) => (timer = setTimeout(resolve, waitMs)));
    await Promise.race([Promise.all(this.#sending.keys()), enough]);
    clearTimeout(timer);
  }

  #canSend(): boolean {
    if (!this.#deps.ready() || this.#waiting > mostWaiting) return false;
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
    const sending = this.#deps
      .send(channel, encodeEvents(this.#deps.nodeId, texts))
      .then(
        () => undefined,
        (err: unknown) => this.#lose(texts.length, at, err),
      )
      .finally(() => {
        this.#waiting -= size;
        this.#sending.delete(sending);
      });
    this.#sending.set(sending, performance.now());
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

  async #sendLoss(since: number): Promise<boolean> {
    if (!this.#canSend()) return false;
    const lostForMs = Math.max(0, this.#deps.clock.now() - since);
    try {
      await this.#deps.send(this.#deps.everybody, encodeLoss(this.#deps.nodeId, lostForMs));
      return true;
    } catch {
      // It was logged when it began.
      return false;
    }
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
