import type { Counter } from './counting.ts';

/** A node takes so many parts of a limit at most. */
const parts = 100;
/** And of what is left of it: a limit that is nearly used up is counted ever finer, so that all of it can be used. */
const partsOfRest = 10;
/** Parties that are remembered at most; whoever was counted longest ago is forgotten first, with what they had left. */
const mostParties = 50_000;

/** Whether anything of such a limit is ever taken in advance. */
export const isShared = (limit: number): boolean => limit >= 2 * parts;

interface Share {
  /** The number of the next request among all of the window. */
  next: number;
  /** The number of the last that this node may count by itself. */
  last: number;
  /** When the window ends (`performance.now()`). */
  until: number;
}

/**
 * What a node has taken of people's limits before it needs it, so that it asks Redis for one in many requests of those
 * who may send many. Together the nodes never allow more than the limit; they may allow less, by what others have taken
 * and did not use: at most a hundredth of it each.
 */
export class Shares {
  readonly #shares = new Map<string, Share>();

  /** How much of `limit` to ask for: 1, and so nothing in advance, for the last twenty of any. */
  sizeFor(key: string, limit: number): number {
    const share = this.#present(key);
    const rest = share === undefined ? limit : limit - share.last;
    return Math.max(1, Math.floor(Math.min(limit / parts, rest / partsOfRest)));
  }

  /** Counts a request here; null where nothing is left to count it by. */
  take(key: string): Counter | null {
    const share = this.#present(key);
    if (share === undefined || share.next > share.last) return null;
    return counterOf(share);
  }

  /** Keeps what Redis granted, `size` requests at once, and counts the first of them. */
  add(key: string, size: number, { consumedPoints, msBeforeNext }: Counter): Counter {
    const share = {
      next: consumedPoints - size + 1,
      last: consumedPoints,
      until: performance.now() + msBeforeNext,
    };
    this.#shares.delete(key);
    this.#shares.set(key, share);
    if (this.#shares.size > mostParties) this.#forgetOldest();
    return counterOf(share);
  }

  #present(key: string): Share | undefined {
    const share = this.#shares.get(key);
    if (share === undefined || share.until > performance.now()) return share;
    this.#shares.delete(key);
    return undefined;
  }

  #forgetOldest(): void {
    for (const oldest of this.#shares.keys()) return void this.#shares.delete(oldest);
  }
}

const counterOf = (share: Share): Counter => ({
  consumedPoints: share.next++,
  msBeforeNext: share.until - performance.now(),
});
