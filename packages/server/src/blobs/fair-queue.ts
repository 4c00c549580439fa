import { performance } from 'node:perf_hooks';
import { Refusal } from '../messaging/refusal.ts';

export interface FairQueueOptions {
  /** Pieces of work that may wait in all, and of one owner. */
  readonly maxWaiting?: number;
  readonly maxWaitingEach?: number;
  /** Milliseconds that one may wait. */
  readonly maxWaitMs?: number;
  /** Milliseconds, from any beginning. */
  readonly now?: () => number;
}

interface Ticket {
  readonly owner: string;
  readonly start: () => void;
}

/** An owner's work weighs on their place in the queue for this many times as long as it took. */
const remembered = 10;
/** Seconds. */
const retryAfter = 5;

/**
 * Runs one piece of work at a time. Next is whoever had the least time lately, then who came first: so the work of
 * somebody who brings much, or heavy, delays their own, and that of others by no more than one piece each.
 */
export class FairQueue {
  readonly #limits: Required<FairQueueOptions>;
  readonly #waiting: Ticket[] = [];
  readonly #unsettled = new Set<Promise<unknown>>();
  /** Until when what an owner had weighs on them; the further off, the later their next turn. */
  readonly #debts = new Map<string, number>();
  #isBusy = false;

  constructor(options: FairQueueOptions = {}) {
    const now = () => performance.now();
    this.#limits = { maxWaiting: 100, maxWaitingEach: 10, maxWaitMs: 10_000, now, ...options };
  }

  /** @throws Refusal `unavailable` with `retryAfter` if too much waits or the wait is too long; what `work` throws */
  run<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const result = this.#turn(owner).then(() => this.#serve(owner, work));
    this.#unsettled.add(result);
    const settle = (): void => void this.#unsettled.delete(result);
    result.then(settle, settle);
    return result;
  }

  /** Resolves when all that was asked for so far is done. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#unsettled);
  }

  async #turn(owner: string): Promise<void> {
    const { maxWaiting, maxWaitingEach, maxWaitMs } = this.#limits;
    const own = this.#waiting.filter((ticket) => ticket.owner === owner).length;
    if (this.#waiting.length >= maxWaiting || own >= maxWaitingEach) throw busy();
    const turn = Promise.withResolvers<void>();
    const ticket = { owner, start: turn.resolve };
    const giveUp = () => {
      this.#leave(ticket);
      turn.reject(busy());
    };
    const timer = setTimeout(giveUp, maxWaitMs).unref();
    this.#waiting.push(ticket);
    this.#next();
    await turn.promise.finally(() => clearTimeout(timer));
  }

  #next(): void {
    if (this.#isBusy) return;
    const [first, ...others] = this.#waiting;
    if (first === undefined) return;
    // Reducing keeps the earlier of two that are equal.
    const chosen = others.reduce(
      (best, other) => (this.#debt(other.owner) < this.#debt(best.owner) ? other : best),
      first,
    );
    this.#leave(chosen);
    this.#isBusy = true;
    chosen.start();
  }

  async #serve<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const began = this.#limits.now();
    try {
      return await work();
    } finally {
      this.#charge(owner, this.#limits.now() - began);
      this.#isBusy = false;
      this.#next();
    }
  }

  #leave(ticket: Ticket): void {
    const index = this.#waiting.indexOf(ticket);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  #debt(owner: string): number {
    return Math.max(0, (this.#debts.get(owner) ?? 0) - this.#limits.now());
  }

  #charge(owner: string, tookMs: number): void {
    const now = this.#limits.now();
    this.#debts.set(owner, now + this.#debt(owner) + tookMs * remembered);
    for (const [each, until] of this.#debts) if (until <= now) this.#debts.delete(each);
  }
}

const busy = (): Refusal =>
  new Refusal('unavailable', { retryAfter, cause: new Error('Too many images wait to be decoded') });
