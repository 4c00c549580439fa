import { limitTypes, type LimitType, type RateLimits } from '@parley/protocol';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { boundedKey, countOnly, limitState } from './counting.ts';
import type { CountingLimiter } from './limiter.ts';

/** Limits on one node. It holds one small counter per party and type, each until its window ends. */
export function createMemoryLimiter(limits: RateLimits): CountingLimiter {
  const counters = new Map<LimitType, RateLimiterMemory>(
    limitTypes.map((type) => [
      type,
      new RateLimiterMemory({ points: countOnly, duration: 1, keyPrefix: '' }),
    ]),
  );
  return {
    async consume(type, { key, role }) {
      const rule = limits[type][role];
      const counter = counters.get(type);
      if (counter === undefined) throw new Error(`there is no limit named ${type}`);
      return limitState(type, rule, await counter.consume(boundedKey(key), 1, { customDuration: rule[1] }));
    },
    // Its timers keep no process alive, and go with their windows.
    close: () => Promise.resolve(),
  };
}
