import { Refusal } from '../messaging/refusal.ts';
import { isTransient } from './database-errors.ts';

export interface BatcherOptions<Item, Result> {
  /** Does all items at once, and answers a result or an error for each, in their order. All or nothing if it rejects. */
  readonly run: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;
  /** Items with the same key are never in two batches at once, so that they are done in the order of their arrival. */
  readonly keyOf: (item: Item) => string;
  /** No batch holds two items with the same key. */
  readonly isFair?: boolean;
  readonly maxBatch: number;
  /** Batches at work at the same time. */
  readonly inFlight: number;
  /** Items waiting at most; beyond that `add` refuses at once with `unavailable`. */
  readonly maxQueue: number;
  /**
   * Milliseconds from the start of a batch to that of the next, unless that is full: where many come, few statements do.
   * After a pause of as long nobody waits. None unless given.
   */
  readonly paceMs?: number;
  /** Told of each finished batch: its size and the milliseconds it took. */
  readonly onBatch?: (size: number, ms: number) => void;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly key: string;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const maxAttempts = 4;

/**
 * Group commit: what arrives while a batch is at work forms the next one. One item alone waits for nothing but the end
 * of the present turn of the event loop.
 */
export class Batcher<Item, Result> {
  readonly #options: BatcherOptions<Item, Result>;
  readonly #busy = new Set<string>();
  #queue: Waiting<Item, Result>[] = [];
  #running = 0;
  #scheduled = false;
  #startedAt = -Infinity;
  /** Until the next batch is due. */
  #timer: NodeJS.Timeout | null = null;
  #idle: (() => void)[] = [];

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options;
  }

  add(item: Item): Promise<Result> {
    if (this.#queue.length >= this.#options.maxQueue) {
      return Promise.reject(new Refusal('unavailable', { retryAfter: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, key: this.#options.keyOf(item), resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when nothing waits and nothing is at work. */
  async drained(): Promise<void> {
    if (this.#queue.length === 0 && this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    const { inFlight, maxBatch, paceMs = 0 } = this.#options;
    if (this.#running >= inFlight) return;
    const wait = this.#queue.length >= maxBatch ? 0 : this.#startedAt + paceMs - performance.now();
    if (wait > 0) this.#timer ??= setTimeout(() => this.#startSoon(), wait);
    else this.#startSoon();
  }

  #startSoon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#running < this.#options.inFlight) {
      const batch = this.#take();
      if (batch.length === 0) return;
      this.#running++;
      this.#startedAt = performance.now();
      void this.#finish(batch);
    }
  }

  /** The next items whose keys no other batch has, in the order of their arrival. */
  #take(): Waiting<Item, Result>[] {
    const { maxBatch, isFair = false } = this.#options;
    const batch: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    const keys = new Set<string>();
    for (const waiting of this.#queue) {
      const isTaken = this.#busy.has(waiting.key) || (isFair && keys.has(waiting.key));
      const fits = batch.length < maxBatch && !isTaken;
      (fits ? batch : left).push(waiting);
      if (fits) keys.add(waiting.key);
    }
    this.#queue = left;
    for (const key of keys) this.#busy.add(key);
    return batch;
  }

  async #finish(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const started = performance.now();
    await this.#settle(batch);
    this.#options.onBatch?.(batch.length, performance.now() - started);
    for (const { key } of batch) this.#busy.delete(key);
    this.#running--;
    if (this.#options.paceMs === undefined) this.#start();
    else if (this.#queue.length > 0) this.#schedule();
    if (this.#running === 0 && this.#queue.length === 0)
      for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#attempt(batch);
      for (const [index, waiting] of batch.entries()) {
        const result = results[index];
        if (result === undefined)
          waiting.reject(new Error('a batch answered fewer results than it had items'));
        else if (result instanceof Error) waiting.reject(result);
        else waiting.resolve(result);
      }
    } catch (error) {
      // Postgres away: the same for all. Anything else may be the fault of one item, so each is tried by itself.
      if (error instanceof Refusal || batch.length === 1) for (const { reject } of batch) reject(error);
      else for (const waiting of batch) await this.#settle([waiting]);
    }
  }

  async #attempt(batch: readonly Waiting<Item, Result>[]): Promise<readonly (Result | Error)[]> {
    for (let count = 1; ; count++) {
      try {
        return await this.#options.run(batch.map(({ item }) => item));
      } catch (error) {
        if (count >= maxAttempts || !isTransient(error)) throw error;
      }
    }
  }
}
