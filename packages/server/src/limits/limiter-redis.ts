import type { LimitType, RateLimit, RateLimits } from '@parley/protocol';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createFallback, type LimiterHooks } from './fallback.ts';
import { createMemoryLimiter } from './limiter-memory.ts';
import { boundedKey, countOnly, limitState, type Counter } from './counting.ts';
import type { CountingLimiter } from './limiter.ts';
import type { RedisConnection } from '../redis/redis.ts';
import { isShared, Shares } from './shares.ts';

const defaultAnswerMs = 50;

export const keyPrefix = 'parley:limit';

/**
 * Limits across nodes: one counter in Redis per party and type, under a single key, so that Redis Cluster will do. Of a
 * large limit a node takes a part at once (`Shares`).
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
  const counters: Record<LimitType, RateLimiterRedis> = {
    message_send: createCounter('message_send', redis),
    conversation_create: createCounter('conversation_create', redis),
    file_upload: createCounter('file_upload', redis),
    websocket_connect: createCounter('websocket_connect', redis),
    general: createCounter('general', redis),
  };
  const answerMs = hooks.answerMs ?? defaultAnswerMs;
  const onThisNode = createMemoryLimiter(limits);
  const fallback = createFallback(hooks, answerMs);
  const shares = new Shares();
  /** What is being asked for in advance, by party. */
  const asked = new Map<string, Promise<unknown>>();

  const ask = (type: LimitType, key: string, size: number, window: number): Promise<Counter> =>
    within(answerMs, counters[type].consume(key, size, { customDuration: window }));

  /** Counts one request. @throws Error if Redis does not answer in time */
  const count = async (type: LimitType, key: string, [limit, window]: RateLimit): Promise<Counter> => {
    if (!isShared(limit)) return ask(type, key, 1, window);
    const party = `${type} ${key}`;
    for (;;) {
      const counted = shares.take(party);
      if (counted !== null) return counted;
      const underWay = asked.get(party);
      if (underWay === undefined) break;
      await underWay;
    }
    const size = shares.sizeFor(party, limit);
    const added = ask(type, key, size, window)
      .then((granted) => shares.add(party, size, granted))
      .finally(() => asked.delete(party));
    asked.set(party, added);
    return added;
  };

  return {
    async consume(type, who) {
      if (fallback.active) return onThisNode.consume(type, who);
      const rule = limits[type][who.role];
      const key = boundedKey(who.key);
      try {
        return limitState(type, rule, await count(type, key, rule));
      } catch (error) {
        // Adding nothing to the same counter needs all that counting needs: the connection, the shard, its memory.
        fallback.begin(error, () => counters[type].penalty(key, 0, { customDuration: rule[1] }));
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
