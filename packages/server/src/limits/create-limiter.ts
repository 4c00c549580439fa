import { appRoles, limitTypes, limits as sizes, type RateLimits } from '@parley/protocol';
import type { LimiterHooks } from './fallback.ts';
import { createMemoryLimiter } from './limiter-memory.ts';
import { createRedisLimiter } from './limiter-redis.ts';
import type { Limiter } from './limiter.ts';
import type { RedisConnection } from '../redis/redis.ts';

const unlimited: Limiter = {
  consume: () => Promise.resolve(null),
  close: () => Promise.resolve(),
};

/**
 * The limiter for this configuration: none at all (`limits` null), on this node, or across nodes. The connection stays
 * its owner's to close.
 * @throws RangeError for a limit that is not a whole number of requests in 1 to `rateLimitWindow` seconds
 */
export function createLimiter(
  limits: RateLimits | null,
  redis: RedisConnection | null,
  hooks: LimiterHooks,
): Limiter {
  if (limits === null) return unlimited;
  checkLimits(limits);
  return redis === null ? createMemoryLimiter(limits) : createRedisLimiter(limits, redis, hooks);
}

function checkLimits(limits: RateLimits): void {
  for (const type of limitTypes) {
    for (const role of appRoles) {
      const [count, window] = limits[type][role];
      const isCount = Number.isSafeInteger(count) && count >= 0;
      const isWindow = Number.isSafeInteger(window) && window >= 1 && window <= sizes.rateLimitWindow;
      if (!isCount || !isWindow)
        throw new RangeError(`the rate limit of ${type} for ${role} is out of range`);
    }
  }
}
