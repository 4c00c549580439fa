import { defaultRateLimits, type RateLimits } from '@parley/protocol';
import { pino } from 'pino';
import { createClient } from 'redis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRedisLimiter } from './limiter-redis.ts';
import { hasRedis, startRedis, type RedisProcess } from '../redis/redis-process.ts';
import { connectRedis } from '../redis/redis.ts';

if (!hasRedis) console.log('Left out: limits across nodes, as there is no redis-server on the PATH.');

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(...options: string[]): Promise<RedisProcess> {
  const redis = await startRedis(options);
  closing.push(() => redis.remove());
  return redis;
}

/** Milliseconds: where Redis answers or is gone, a busy machine must not look like a Redis that hangs. */
const patient = 5000;
/** Milliseconds: as in production. */
const asUsual = 50;

/** A node of ours: its connection and its limiter, and what it logs and tells. */
async function startNode(
  url: string,
  { cluster = false, answerMs = patient, limits = defaultRateLimits } = {},
) {
  const messages: string[] = [];
  const write = (line: string) => {
    const { msg }: { msg: string } = JSON.parse(line);
    messages.push(msg);
  };
  const log = pino({ level: 'info' }, { write });
  const connection = await connectRedis({ url, cluster }, log);
  const fallbacks: boolean[] = [];
  const limiter = createRedisLimiter(limits, connection, {
    log,
    answerMs,
    onFallback: (active) => void fallbacks.push(active),
  });
  closing.push(
    () => connection.close(),
    () => limiter.close(),
  );
  return { connection, limiter, fallbacks, messages };
}

/** The usual limits, but for messages of students. */
const allowing = (count: number, seconds = 60): RateLimits => ({
  ...defaultRateLimits,
  message_send: { ...defaultRateLimits.message_send, student: [count, seconds] },
});

type Node = Awaited<ReturnType<typeof startNode>>;

/** Counts one message of this student; it must not take longer than a person would accept. */
async function send({ limiter }: Node, key: string) {
  const asked = performance.now();
  const state = await limiter.consume('message_send', { key, role: 'student' });
  expect(performance.now() - asked, 'milliseconds that a request waited').toBeLessThan(1000);
  return state;
}

const aboutLimits = ({ messages }: Node) => messages.filter((message) => message.includes('rate limits'));
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 20 });

describe.skipIf(!hasRedis)('limits across nodes', () => {
  test('two nodes count together: a person gets no second budget behind the balancer', async () => {
    const redis = await start();
    const [a, b] = await Promise.all([startNode(redis.url), startNode(redis.url)]);
    await Promise.all([a, b].map(({ connection }) => connection.whenReady(5000)));
    const states = await Promise.all(Array.from({ length: 100 }, (_, i) => send(i % 2 === 0 ? a : b, 'ada')));
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(10);
    expect([a.fallbacks, b.fallbacks]).toEqual([[], []]);
  });

  test('a node takes of a large limit in advance, and all of it can be used to the last', async () => {
    const redis = await start();
    const node = await startNode(redis.url, { limits: allowing(2000) });
    await node.connection.whenReady(5000);
    const redisItself = await connectTo(redis.url);
    const counted = async () =>
      Number(/cmdstat_incrby:calls=(\d+)/.exec(await redisItself.info('commandstats'))?.[1]);
    for (let request = 1; request <= 2002; request++) {
      const state = await node.limiter.consume('message_send', { key: 'ada', role: 'student' });
      expect(state).toMatchObject({ count: request, allowed: request <= 2000 });
    }
    expect(await counted()).toBeLessThan(200);
    expect(node.fallbacks).toEqual([]);
  });

  test('of a large limit two nodes allow no more than it, and hardly less', async () => {
    const redis = await start();
    const nodes = await Promise.all([1, 2].map(() => startNode(redis.url, { limits: allowing(1000) })));
    await Promise.all(nodes.map(({ connection }) => connection.whenReady(5000)));
    const allowed = await Promise.all(
      nodes.map(async ({ limiter }) => {
        let count = 0;
        for (let round = 0; round < 75; round++) {
          const states = await Promise.all(
            Array.from({ length: 8 }, () => limiter.consume('message_send', { key: 'ada', role: 'student' })),
          );
          count += states.filter((state) => state.allowed).length;
        }
        return count;
      }),
    );
    const sum = allowed.reduce((all, each) => all + each, 0);
    expect(sum).toBeLessThanOrEqual(1000);
    expect(sum).toBeGreaterThanOrEqual(980);
  });

  test('what was taken in advance ends with its window', async () => {
    const redis = await start();
    const node = await startNode(redis.url, { limits: allowing(1000, 1) });
    await node.connection.whenReady(5000);
    await send(node, 'ada');
    await until(async () => expect(await send(node, 'ada')).toMatchObject({ count: 1 }));
  });

  test('Redis dies and returns: nobody waits, each node limits on its own meanwhile, and says so once', async () => {
    const redis = await start();
    const nodes = await Promise.all([startNode(redis.url), startNode(redis.url)]);
    const [a, b] = nodes;
    await Promise.all(nodes.map(({ connection }) => connection.whenReady(5000)));
    await send(a, 'ada');
    await redis.kill();

    for (const node of nodes) {
      const states = await Promise.all(Array.from({ length: 12 }, () => send(node, 'ada')));
      expect(states.filter(({ allowed }) => allowed)).toHaveLength(10);
      expect(node.fallbacks).toEqual([true]);
      expect(node.connection.ready).toBe(false);
    }

    await redis.start();
    await until(() =>
      expect(nodes.map(({ fallbacks }) => fallbacks)).toEqual([
        [true, false],
        [true, false],
      ]),
    );
    await send(a, 'bob');
    expect(await send(b, 'bob')).toMatchObject({ count: 2 });
    for (const node of nodes) {
      expect(aboutLimits(node)).toEqual([
        'Redis does not answer: this node applies rate limits on its own',
        'Redis answers again: rate limits hold across nodes',
      ]);
    }
  });

  test('a Redis that hangs holds up one round of requests at most, for tens of milliseconds', async () => {
    const redis = await start();
    const node = await startNode(redis.url, { answerMs: asUsual });
    await node.connection.whenReady(5000);
    redis.pause();
    await Promise.all(Array.from({ length: 20 }, () => send(node, 'ada')));
    expect(node.fallbacks).toEqual([true]);
    const asked = performance.now();
    for (let i = 0; i < 100; i++) await send(node, `somebody ${i}`);
    expect(performance.now() - asked).toBeLessThan(1000);
    redis.resume();
    await until(() => expect(node.fallbacks).toEqual([true, false]));
  });

  test('a Redis that hangs for good is connected to anew, as after a failover that closed nothing', async () => {
    const redis = await start();
    const node = await startNode(redis.url, { answerMs: asUsual });
    await node.connection.whenReady(5000);
    redis.pause();
    await send(node, 'ada');
    expect(node.connection.ready).toBe(true);
    await until(() => expect(node.connection.ready).toBe(false));
    redis.resume();
    await until(() => expect(node.fallbacks).toEqual([true, false]));
  });

  test('a busy process does not mistake its own slowness for that of Redis', async () => {
    const redis = await start();
    const node = await startNode(redis.url, { answerMs: asUsual });
    await node.connection.whenReady(5000);
    await send(node, 'ada');
    const asked = node.limiter.consume('message_send', { key: 'ada', role: 'student' });
    await new Promise(setImmediate);
    for (const end = performance.now() + 150; performance.now() < end;);
    expect(await asked).toMatchObject({ count: 2 });
    expect(node.fallbacks).toEqual([]);
  });

  test('a node that starts before Redis limits on its own until Redis is there', async () => {
    const redis = await start();
    await redis.kill();
    const node = await startNode(redis.url);
    expect(await node.connection.whenReady(100)).toBe(false);
    expect(await send(node, 'ada')).toMatchObject({ count: 1 });
    expect(node.fallbacks).toEqual([true]);
    await redis.start();
    await until(() => expect(node.fallbacks).toEqual([true, false]));
    expect(await send(node, 'ada')).toMatchObject({ count: 1 });
  });

  test('a Redis that refuses to write is as good as away', async () => {
    const redis = await start('--min-replicas-to-write', '1');
    const node = await startNode(redis.url);
    await node.connection.whenReady(5000);
    expect(await send(node, 'ada')).toMatchObject({ count: 1 });
    expect(await send(node, 'ada')).toMatchObject({ count: 2 });
    const redisItself = await connectTo(redis.url);
    const refusals = async () =>
      Number(/NOREPLICAS:count=(\d+)/.exec(await redisItself.info('errorstats'))?.[1]);
    await until(async () => expect(await refusals()).toBeGreaterThan(2));
    expect(node.fallbacks, 'being connected is not enough to be back').toEqual([true]);
    await redisItself.configSet('min-replicas-to-write', '0');
    await until(() => expect(node.fallbacks).toEqual([true, false]));
  });

  test('counters go by themselves when their window ends', async () => {
    const redis = await start();
    const node = await startNode(redis.url);
    await node.connection.whenReady(5000);
    await send(node, 'ada');
    const redisItself = await connectTo(redis.url);
    expect(await redisItself.keys('*')).toEqual(['parley:limit:message_send:ada']);
    const left = await redisItself.ttl('parley:limit:message_send:ada');
    expect(left).toBeGreaterThan(50);
    expect(left).toBeLessThanOrEqual(60);
  });

  test('a Redis Cluster will do, dies and returns too', async () => {
    const redis = await start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    await claimAllSlots(redis.url);
    const [a, b] = await Promise.all([
      startNode(redis.url, { cluster: true }),
      startNode(redis.url, { cluster: true }),
    ]);
    for (const { connection } of [a, b]) expect(await connection.whenReady(5000)).toBe(true);
    const states = await Promise.all(
      Array.from({ length: 100 }, (_, i) => send(i % 2 === 0 ? a : b, `{ada}${(i >> 1) % 2}`)),
    );
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(20);
    await redis.kill();
    expect(await send(a, 'bob')).toMatchObject({ count: 1 });
    expect(a.fallbacks).toEqual([true]);
    await redis.start();
    await until(() => expect(a.fallbacks).toEqual([true, false]));
    expect(await send(a, 'bob')).toBeDefined();
  });

  test('a node that starts before its Redis Cluster finds it when it comes', async () => {
    const redis = await start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    await claimAllSlots(redis.url);
    await redis.kill();
    const node = await startNode(redis.url, { cluster: true });
    expect(await node.connection.whenReady(100)).toBe(false);
    await send(node, 'ada');
    await redis.start();
    await until(() => expect(node.fallbacks).toEqual([true, false]));
    expect(node.connection.ready).toBe(true);
  });

  test('closing is quick and quiet, whether Redis is there, hangs or never was', async () => {
    const redis = await start();
    const [there, hanging] = await Promise.all([
      startNode(redis.url),
      startNode(redis.url, { answerMs: asUsual }),
    ]);
    const never = await Promise.all([
      startNode('redis://127.0.0.1:1'),
      startNode('redis://127.0.0.1:1', { cluster: true }),
    ]);
    await Promise.all([there, hanging].map(({ connection }) => connection.whenReady(5000)));
    await there.connection.close();
    redis.pause();
    await send(hanging, 'ada');
    const asked = performance.now();
    for (const { connection, limiter } of [hanging, ...never]) {
      await limiter.close();
      await connection.close();
    }
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(there.messages).toEqual([]);
    redis.resume();
  });
});

async function connectTo(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {});
  await client.connect();
  closing.push(async () => client.destroy());
  return client;
}

/** Makes a lone node a whole cluster. */
async function claimAllSlots(url: string): Promise<void> {
  const client = await connectTo(url);
  await client.sendCommand([
    'CLUSTER',
    'ADDSLOTS',
    ...Array.from({ length: 16_384 }, (_, slot) => String(slot)),
  ]);
  await until(async () => expect(await client.clusterInfo()).toContain('cluster_state:ok'));
}
