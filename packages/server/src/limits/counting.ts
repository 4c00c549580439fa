import type { LimitType, RateLimit } from '@parley/protocol';
import type { LimitState } from './limiter.ts';

/** What a store of counters answers: requests so far, and milliseconds until the window ends. */
export interface Counter {
  readonly consumedPoints: number;
  readonly msBeforeNext: number;
}

/** Characters of a key: longer ones are cut, so that no caller decides what a counter weighs. */
const keyLength = 300;
export const boundedKey = (key: string): string => key.slice(0, keyLength);

/** The stores below only count: more than anybody ever sends, so that the judgement is made here, in one place. */
export const countOnly = Number.MAX_SAFE_INTEGER;

/** Judges a count. */
export function limitState(type: LimitType, [limit, window]: RateLimit, counter: Counter): LimitState {
  const count = counter.consumedPoints;
  const msLeft = Math.max(0, counter.msBeforeNext);
  return {
    type,
    limit,
    window,
    count,
    remaining: Math.max(0, limit - count),
    resetAt: Math.ceil((Date.now() + msLeft) / 1000),
    retryAfter: Math.max(1, Math.ceil(msLeft / 1000)),
    allowed: count <= limit,
  };
}
