import {
  appRoles,
  defaultRateLimits,
  limits as sizes,
  RateLimitBody,
  type RateLimits,
} from '@parley/protocol';
import { pino } from 'pino';
import { Compile } from 'typebox/compile';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createLimiter } from './create-limiter.ts';
import { rateLimitBody, rateLimitHeaders, type Limiter } from './limiter.ts';
import { hasRedis, startRedis, type RedisProcess } from '../redis/redis-process.ts';
import { connectRedis, type RedisConnection } from '../redis/redis.ts';

if (!hasRedis) console.log('Left out: limits in Redis, as there is no redis-server on the PATH.');

const log = pino({ level: 'silent' });
const limits: RateLimits = {
  ...defaultRateLimits,
  file_upload: { ...defaultRateLimits.file_upload, student: [2, 1], teacher: [4, 1] },
  general: { ...defaultRateLimits.general, teacher: [0, 60] },
};

let people = 0;
/** Somebody who has not been counted before. */
const somebody = (role: (typeof appRoles)[number] = 'student') => ({ key: `somebody ${people++}`, role });

let redis: RedisProcess;
let connection: RedisConnection;
beforeAll(async () => {
  if (!hasRedis) return;
  redis = await startRedis();
  connection = await connectRedis({ url: redis.url, cluster: false }, log);
  await connection.whenReady(5000);
});
afterAll(async () => {
  if (!hasRedis) return;
  await connection.close();
  await redis.remove();
});

/** Milliseconds: a busy machine is not what is tested here. */
const patient = 5000;
const fallbacks: boolean[] = [];
afterEach(() => expect(fallbacks, 'Redis was there all the time').toEqual([]));

const stores = [
  { name: 'memory', create: () => createLimiter(limits, null, { log }) },
  {
    name: 'redis',
    create: () =>
      createLimiter(limits, connection, {
        log,
        answerMs: patient,
        onFallback: (active) => void fallbacks.push(active),
      }),
  },
];

const consume = async (limiter: Limiter, ...request: Parameters<Limiter['consume']>) => {
  const state = await limiter.consume(...request);
  if (state === null) throw new Error('limiting is off');
  return state;
};

describe.each(stores.filter(({ name }) => name === 'memory' || hasRedis))('limits in $name', ({ create }) => {
  const limiter = {
    consume: (...request: Parameters<Limiter['consume']>) => consume((shared ??= create()), ...request),
  };
  let shared: Limiter | undefined;
  afterAll(() => shared?.close());

  test('ten of ten requests pass, and the eleventh is told so as the documentation shows', async () => {
    const student = somebody();
    const before = Date.now() / 1000;
    for (let count = 1; count <= 10; count++) {
      const state = await limiter.consume('message_send', student);
      expect(state).toMatchObject({
        type: 'message_send',
        limit: 10,
        window: 60,
        count,
        remaining: 10 - count,
        allowed: true,
      });
    }
    const state = await limiter.consume('message_send', student);
    expect(state).toMatchObject({ limit: 10, window: 60, count: 11, remaining: 0, allowed: false });
    expect(Number.isInteger(state.resetAt)).toBe(true);
    expect(Math.abs(state.resetAt - before - 60)).toBeLessThan(2);
    expect(state.retryAfter).toBeGreaterThan(57);
    expect(state.retryAfter).toBeLessThanOrEqual(60);
    expect(await limiter.consume('message_send', student)).toMatchObject({
      count: 12,
      remaining: 0,
      allowed: false,
    });
  });

  test('of a hundred requests at once exactly ten pass', async () => {
    const student = somebody();
    const states = await Promise.all(
      Array.from({ length: 100 }, () => limiter.consume('message_send', student)),
    );
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(10);
    expect(states.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
  });

  test('one person using up a limit leaves others, and their own other limits, alone', async () => {
    const student = somebody();
    for (let i = 0; i < 6; i++) await limiter.consume('conversation_create', student);
    expect(await limiter.consume('conversation_create', student)).toMatchObject({ allowed: false });
    expect(await limiter.consume('conversation_create', somebody())).toMatchObject({
      count: 1,
      allowed: true,
    });
    expect(await limiter.consume('message_send', student)).toMatchObject({ count: 1, allowed: true });
  });

  test.each(appRoles)('a %s may send what the documentation grants', async (role) => {
    const [limit, window] = defaultRateLimits.message_send[role];
    expect(await limiter.consume('message_send', somebody(role))).toMatchObject({ limit, window });
  });

  test('a second token with another role is no second budget', async () => {
    const { key } = somebody();
    for (let i = 0; i < 10; i++) await limiter.consume('message_send', { key, role: 'student' });
    expect(await limiter.consume('message_send', { key, role: 'admin' })).toMatchObject({
      limit: 50,
      count: 11,
      allowed: true,
    });
    expect(await limiter.consume('message_send', { key, role: 'student' })).toMatchObject({
      count: 12,
      allowed: false,
    });
  });

  test('when the window is over, there is a new one, and refused requests have not made it longer', async () => {
    const student = somebody();
    const first = await limiter.consume('file_upload', student);
    let state = first;
    await vi.waitFor(
      async () => {
        state = await limiter.consume('file_upload', student);
        expect(state.count).toBe(1);
      },
      { timeout: 3000, interval: 20 },
    );
    expect(state.allowed).toBe(true);
    expect(Date.now() / 1000 - first.resetAt).toBeLessThan(0.5);
    expect(state.resetAt).toBeGreaterThan(first.resetAt);
  });

  test('a limit of none lets nothing pass', async () => {
    expect(await limiter.consume('general', somebody('teacher'))).toMatchObject({
      count: 1,
      remaining: 0,
      allowed: false,
    });
  });

  test('the longest ids are told apart, and what is longer still is cut', async () => {
    const longest = (last: string) => ({ key: `user:${'🦜'.repeat(127)}${last}`, role: 'student' }) as const;
    await limiter.consume('message_send', longest('a'));
    expect(await limiter.consume('message_send', longest('b'))).toMatchObject({ count: 1 });
    const endless = (last: string) => ({ key: 'x'.repeat(10_000) + last, role: 'student' }) as const;
    await limiter.consume('message_send', endless('a'));
    expect(await limiter.consume('message_send', endless('b'))).toMatchObject({ count: 2 });
  });

  test.each(['a{b}c', '{}', 'a b\nc', 'ä\0'])('an id may be %j', async (name) => {
    const who = { key: `user:${name}`, role: 'student' } as const;
    expect(await limiter.consume('websocket_connect', who)).toMatchObject({ count: 1 });
    expect(await limiter.consume('websocket_connect', who)).toMatchObject({ count: 2 });
  });
});

test('with limiting off nothing is counted', async () => {
  const limiter = createLimiter(null, null, { log });
  expect(await limiter.consume('message_send', somebody())).toBeNull();
  await limiter.close();
});

test.each([
  [-1, 60],
  [1.5, 60],
  [10, 0],
  [10, 0.5],
  [10, sizes.rateLimitWindow + 1],
])('a limit of %d in %d seconds, which no counter could keep, stops the start', (count, window) => {
  const broken = { ...limits, message_send: { ...limits.message_send, admin: [count, window] } } as const;
  expect(() => createLimiter(broken, null, { log })).toThrow('message_send for admin');
});

test('a refusal has the body and the four headers of the documentation', () => {
  const refused = {
    type: 'message_send',
    limit: 10,
    window: 60,
    count: 11,
    remaining: 0,
    resetAt: 1642672800,
    retryAfter: 30,
    allowed: false,
  } as const;
  const body = rateLimitBody(refused);
  expect(body).toEqual({
    detail: 'Rate limit exceeded',
    code: 'rate_limited',
    error: 'Rate limit exceeded',
    message: 'Too many message_send requests',
    rate_limit_info: {
      limit_type: 'message_send',
      current_count: 11,
      limit: 10,
      window: 60,
      reset_time: 1642672800,
      remaining: 0,
    },
    retry_after: 30,
  });
  expect(Compile(RateLimitBody).Check(body)).toBe(true);
  const counted = {
    'X-RateLimit-Limit': '10',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': '1642672800',
  };
  expect(rateLimitHeaders(refused)).toEqual({ ...counted, 'Retry-After': '30' });
  expect(rateLimitHeaders({ ...refused, count: 10, allowed: true })).toEqual(counted);
});
