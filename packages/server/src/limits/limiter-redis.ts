import { limitTypes, type LimitType, type RateLimits } from '@parley/protocol';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createFallback, type LimiterHooks } from './fallback.ts';
import { createMemoryLimiter } from './limiter-memory.ts';
import { boundedKey, countOnly, limitState } from './counting.ts';
import type { CountingLimiter } from './limiter.ts';
import type { RedisConnection } from '../redis/redis.ts';

const defaultAnswerMs = 50;

export const keyPrefix = 'parley:limit';

/**
 * Limits across nodes: one counter in Redis per party and type, under a single key, so that Redis Cluster will do.
 *
 * Without Redis each node counts on its own, from nothing, until Redis answers again; one request finds that out, and
 * waits `answerMs` for it at most. The library's own insurance limiter would do so in silence and without a deadline,
 * so the insurance is here.
 */
export function createRedisLimiter(
  limits: RateLimits,
  redis: RedisConnection,
  hooks: LimiterHooks,
): CountingLimiter {
  const counters = new Map<LimitType, RateLimiterRedis>(
    limitTypes.map((type) => [type, createCounter(type, redis)]),
  );
  const answerMs = hooks.answerMs ?? defaultAnswerMs;
  const onThisNode = createMemoryLimiter(limits);
  const fallback = createFallback(hooks, answerMs);
  return {
    async consume(type, who) {
      const rule = limits[type][who.role];
      const counter = counters.get(type);
      if (counter === undefined || fallback.active) return onThisNode.consume(type, who);
      const key = boundedKey(who.key);
      const window = { customDuration: rule[1] };
      try {
        return limitState(type, rule, await within(answerMs, counter.consume(key, 1, window)));
      } catch (error) {
        // Adding nothing to the same counter needs all that counting needs: the connection, the shard, its memory.
        fallback.begin(error, () => counter.penalty(key, 0, window));
        return onThisNode.consume(type, who);
      }
    },
    async close() {
      fallback.close();
      await onThisNode.close();
    },
  };
}

const createCounter = (type: LimitType, redis: RedisConnection): RateLimiterRedis =>
  new RateLimiterRedis({
    // The deadline is here: the client's own would cost more than the command.
    storeClient: redis.client.withCommandOptions({ timeout: 0 }),
    useRedisPackage: true,
    rejectIfRedisNotReady: true,
    keyPrefix: `${keyPrefix}:${type}`,
    points: countOnly,
    duration: 1,
  });

/** Rejects if `work` takes longer. An answer that had arrived while this process itself was busy still counts. */
function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error(`Redis gave no answer within ${ms} ms`));
    // Timers run before sockets are read, immediates after.
    const timer = setTimeout(() => setImmediate(giveUp), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
