import { pino } from 'pino';
import { createClient } from 'redis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { hasRedis, startRedis, type RedisProcess } from '../redis/redis-process.ts';
import { connectRedis } from '../redis/redis.ts';
import { RedisPresenceState, type RedisPresenceOptions } from './presence-redis.ts';

if (!hasRedis) console.log('Left out: presence across nodes, as there is no redis-server on the PATH.');

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(...options: string[]): Promise<RedisProcess> {
  const redis = await startRedis(options);
  closing.push(() => redis.remove());
  return redis;
}

/** Milliseconds: twenty times as fast as in production. */
const fast = { leaseMs: 600, renewEveryMs: 150, doubtMs: 400, graceMs: 500 };
const clock = { now: Date.now };
let nodes = 0;

/** A node of ours, and what it found out. */
async function startNode(url: string, options: Partial<RedisPresenceOptions> & { cluster?: boolean } = {}) {
  const messages: string[] = [];
  const write = (line: string) => {
    const { msg }: { msg: string } = JSON.parse(line);
    messages.push(msg);
  };
  const log = pino({ level: 'info' }, { write });
  const redis = await connectRedis({ url, cluster: options.cluster === true }, log);
  await redis.whenReady(2000);
  let isDead = false;
  let awake = Promise.resolve();
  const evaluated: string[] = [];
  const state = new RedisPresenceState({
    redis: {
      get ready() {
        return redis.ready;
      },
      client: {
        eval: (script, args) => {
          evaluated.push(script);
          return awake.then(() => redis.client.eval(script, args));
        },
      },
    },
    clock,
    log,
    installation: 'test',
    nodeId: `node-${nodes++}`,
    ...fast,
    ...options,
  });
  const gone: { userId: string; seenAt: number }[] = [];
  const back: string[] = [];
  state.watch({
    gone: async (userIds, seenAt) => void gone.push(...userIds.map((userId) => ({ userId, seenAt }))),
    back: async (userIds) => void back.push(...userIds),
  });
  closing.push(
    () => redis.close(),
    () => (isDead ? Promise.resolve() : state.close()),
  );
  return {
    state,
    gone,
    back,
    evaluated,
    presenceMessages: () => messages.filter((message) => message.includes('presen')),
    isPresent: async (userId: string) => (await state.present([userId])).has(userId),
    /** As by `kill -9`: nothing of it reaches Redis any more, and nothing reaches it. */
    die: () => {
      isDead = true;
      awake = new Promise(() => undefined);
    },
    /** As by SIGSTOP, until what it answers is called. */
    hang: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      awake = promise;
      return resolve;
    },
  };
}

type Node = Awaited<ReturnType<typeof startNode>>;

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });
const goneFrom = ({ gone }: Node) => gone.map(({ userId }) => userId).sort();

/** For as long as it takes to be sure that nothing comes: some renewals, and longer than any doubt. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 2 * fast.leaseMs));

async function redisItself(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {});
  await client.connect();
  closing.push(async () => client.destroy());
  return client;
}

describe.skipIf(!hasRedis)('presence across nodes', () => {
  test('somebody with devices on two nodes comes once and goes once', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    expect(await a.state.enter('ann')).toBe(true);
    expect(await b.state.enter('ann')).toBe(false);
    expect(await b.state.enter('bob')).toBe(true);
    expect(await a.state.present(['ann', 'bob', 'cem'])).toEqual(new Set(['ann', 'bob']));
    expect(await a.state.leave('ann', 1)).toBe(false);
    expect(await a.isPresent('ann')).toBe(true);
    expect(await b.state.leave('ann', 1)).toBe(true);
    expect(await a.isPresent('ann')).toBe(false);
  });

  test('who leaves one node while coming to the other is always seen: at one of them, or at both', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    for (let round = 0; round < 50; round++) {
      await a.state.enter('ann');
      const [wasLast, isFirst] = await Promise.all([a.state.leave('ann', 1), b.state.enter('ann')]);
      expect(isFirst).toBe(wasLast);
      expect(await a.isPresent('ann')).toBe(true);
      await b.state.leave('ann', 1);
      const firsts = await Promise.all([a.state.enter('ann'), b.state.enter('ann')]);
      expect(firsts.filter(Boolean)).toHaveLength(1);
      await Promise.all([a.state.leave('ann', 1), b.state.leave('ann', 1)]);
    }
  });

  test('a node dies: its people are gone once, when its lease is over, but for those who are elsewhere', async () => {
    const redis = await start();
    const [a, b, c] = [await startNode(redis.url), await startNode(redis.url), await startNode(redis.url)];
    for (const who of ['ann', 'bob', 'cem', 'dan']) await a.state.enter(who);
    await b.state.enter('bob');
    a.die();
    const died = Date.now();
    expect(await c.state.enter('cem'), 'moved before anybody knew').toBe(false);
    expect(await b.isPresent('ann'), 'within the lease').toBe(true);
    await until(() => expect([...goneFrom(b), ...goneFrom(c)].sort()).toEqual(['ann', 'dan']));
    await quiet();
    expect([...goneFrom(b), ...goneFrom(c)].sort()).toEqual(['ann', 'dan']);
    expect(await b.state.present(['ann', 'bob', 'cem', 'dan'])).toEqual(new Set(['bob', 'cem']));
    for (const { seenAt } of [...b.gone, ...c.gone]) {
      expect(seenAt).toBeLessThanOrEqual(died);
      expect(seenAt).toBeGreaterThan(died - 3 * fast.renewEveryMs);
    }
    const left = await (await redisItself(redis.url)).keys('*:people:*');
    expect(left, 'what remains of the dead').toHaveLength(2);
  });

  test('two nodes die at once: who was on both goes, and once', async () => {
    const redis = await start();
    const [a, b, c] = [await startNode(redis.url), await startNode(redis.url), await startNode(redis.url)];
    for (const node of [a, b]) await node.state.enter('ann');
    const wake = c.hang();
    a.die();
    b.die();
    await quiet();
    wake();
    await until(() => expect(goneFrom(c)).toEqual(['ann']));
    await quiet();
    expect(goneFrom(c)).toEqual(['ann']);
  });

  test('whom a survivor could not tell of is told of at its next try', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    await a.state.enter('ann');
    let tries = 0;
    b.state.watch({
      gone: async (userIds) => {
        if (++tries === 1) throw new Error('Postgres is away');
        b.gone.push(...userIds.map((userId) => ({ userId, seenAt: 0 })));
      },
      back: async () => undefined,
    });
    a.die();
    await until(() => expect(goneFrom(b)).toEqual(['ann']));
    expect(tries).toBe(2);
  });

  test('a node that hung and passed for dead has its people back, and says so', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    await a.state.enter('ann');
    const wake = a.hang();
    await until(() => expect(goneFrom(b)).toEqual(['ann']));
    expect(await b.isPresent('ann')).toBe(false);
    wake();
    await until(() => expect(a.back).toEqual(['ann']));
    expect(await b.isPresent('ann')).toBe(true);
  });

  test('Redis is flushed: nobody is said to be gone, and within a renewal all are there again', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    await Promise.all([
      a.state.enter('ann'),
      a.state.enter('bob'),
      b.state.enter('ann'),
      b.state.enter('cem'),
    ]);
    for (const node of [a, b]) for (const who of ['ann', 'bob', 'cem']) node.state.told(who, true);
    await (await redisItself(redis.url)).flushAll();
    expect(await a.state.leave('ann', 1), 'who leaves just then is not known to be gone').toBe(false);
    await until(async () => {
      expect(await a.state.present(['ann', 'bob', 'cem'])).toEqual(new Set(['ann', 'bob', 'cem']));
      expect(await b.state.present(['ann', 'bob', 'cem'])).toEqual(new Set(['ann', 'bob', 'cem']));
    });
    await quiet();
    for (const node of [a, b]) expect([node.gone, node.back]).toEqual([[], []]);
  });

  test('who leaves just when Redis is flushed, and is nowhere else, is gone soon after', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    await a.state.enter('ann');
    await b.state.enter('bob');
    await (await redisItself(redis.url)).flushAll();
    expect(await a.state.leave('ann', 7)).toBe(false);
    await until(() => expect(a.gone).toEqual([{ userId: 'ann', seenAt: 7 }]));
    expect(b.gone).toEqual([]);
  });

  test('a node dies and Redis is flushed before its lease is over: no ghost stays', async () => {
    const redis = await start();
    const [a, b, c] = [await startNode(redis.url), await startNode(redis.url), await startNode(redis.url)];
    await a.state.enter('ann');
    await b.state.enter('bob');
    for (const node of [b, c]) for (const who of ['ann', 'bob']) node.state.told(who, true);
    a.die();
    await (await redisItself(redis.url)).flushAll();
    await until(() => expect([...goneFrom(b), ...goneFrom(c)]).toContain('ann'));
    await quiet();
    expect(new Set([...goneFrom(b), ...goneFrom(c)])).toEqual(new Set(['ann']));
  });

  test('whom nobody has any more goes, even if the word of it was lost', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    await a.state.enter('ann');
    b.state.told('ann', true);
    await a.state.leave('ann', 1);
    await until(() => expect(goneFrom(b)).toEqual(['ann']));
    await quiet();
    expect(goneFrom(b), 'and once').toEqual(['ann']);
  });

  test('Redis is away: each node answers what it knows, says so once, and puts it right when it is back', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    await Promise.all(['ann', 'bob', 'cem'].map((who) => a.state.enter(who)));
    await Promise.all(['ann', 'dan'].map((who) => b.state.enter(who)));
    await redis.kill();
    await until(async () => expect(await a.isPresent('dan')).toBe(false));
    expect(await a.isPresent('ann')).toBe(true);
    expect(await a.state.enter('eve'), 'who comes').toBe(true);
    expect(await a.state.leave('bob', 5), 'who goes is gone for this node, a little later').toBe(false);
    expect(await a.state.leave('ann', 5)).toBe(false);
    await until(() => expect(goneFrom(a)).toEqual(['ann', 'bob']));
    expect(a.gone[0]?.seenAt).toBe(5);
    await redis.start();
    const everybody = ['ann', 'bob', 'cem', 'dan', 'eve'];
    for (const { state } of [a, b]) {
      await until(async () =>
        expect(await state.present(everybody)).toEqual(new Set(['ann', 'cem', 'dan', 'eve'])),
      );
    }
    // Others have not heard that eve came, and heard wrongly that ann went.
    await until(() => expect(a.back.toSorted()).toEqual(['ann', 'eve']));
    await quiet();
    expect(goneFrom(a)).toEqual(['ann', 'bob']);
    expect([b.gone, b.back]).toEqual([[], []]);
    expect(a.presenceMessages()).toEqual([
      'Redis does not answer: who is present is what this node knows itself',
      'Redis answers again: presence holds across nodes',
    ]);
  });

  test('who leaves and is back while Redis restarts never went', async () => {
    const redis = await start();
    const a = await startNode(redis.url);
    await a.state.enter('ann');
    await redis.kill();
    expect(await a.state.leave('ann', 5)).toBe(false);
    expect(await a.state.enter('ann'), 'nobody heard that they went').toBe(false);
    await redis.start();
    await until(() => expect(a.presenceMessages()).toHaveLength(2));
    await quiet();
    expect([a.gone, await a.isPresent('ann')]).toEqual([[], true]);
  });

  test('a node closes: its people have the grace to appear elsewhere, and the rest are seen off by another', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    await a.state.enter('ann');
    await a.state.enter('bob');
    await quiet();
    const closed = Date.now();
    await a.state.close();
    expect(await b.isPresent('ann')).toBe(true);
    expect(await b.state.enter('ann'), 'nobody hears that they come, who never went').toBe(false);
    await until(() => expect(goneFrom(b)).toEqual(['bob']));
    expect(Date.now() - closed).toBeGreaterThan(fast.graceMs - 50);
    expect(Math.abs((b.gone[0]?.seenAt ?? 0) - closed)).toBeLessThan(100);
    expect(await b.isPresent('ann')).toBe(true);
  });

  test('the only node closes: the one that starts after it sees its people off', async () => {
    const redis = await start();
    const a = await startNode(redis.url);
    await a.state.enter('ann');
    await a.state.enter('bob');
    await a.state.close();
    const b = await startNode(redis.url);
    await b.state.enter('ann');
    await until(() => expect(goneFrom(b)).toEqual(['bob']));
  });

  test('five thousand come at once, are asked for and are seen off, in a few dozen round trips', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url, { leaseMs: 3000 })];
    const crowd = Array.from({ length: 5000 }, (_, index) => `person-${index}`);
    const since = performance.now();
    const firsts = await Promise.all(crowd.map((who) => a.state.enter(who)));
    expect(firsts.every(Boolean)).toBe(true);
    expect((await b.state.present(crowd)).size).toBe(5000);
    expect(performance.now() - since, 'milliseconds').toBeLessThan(3000);
    expect(a.evaluated.length + b.evaluated.length).toBeLessThan(60);
    a.die();
    await until(() => expect(b.gone).toHaveLength(5000));
    expect(new Set(goneFrom(b)).size).toBe(5000);
  });

  test('typing is known on every node, and ends by itself', async () => {
    const redis = await start();
    const [a, b] = [await startNode(redis.url), await startNode(redis.url)];
    await a.state.setTyping('ann', 'c', Date.now() + 60_000);
    await a.state.setTyping('ann', 'd', Date.now() + 90_000);
    await a.state.setTyping('bob', 'c', Date.now() + 300);
    expect(await b.state.typing(['ann', 'bob', 'cem'])).toEqual(
      new Map([
        ['ann', ['d', 'c']],
        ['bob', ['c']],
      ]),
    );
    await b.state.clearTyping('ann', 'd');
    expect(await a.state.typing(['ann'])).toEqual(new Map([['ann', ['c']]]));
    await until(async () => expect(await b.state.typing(['bob'])).toEqual(new Map()));
    await redis.kill();
    expect(await a.state.typing(['ann']), 'without Redis, what was said here').toEqual(
      new Map([['ann', ['d', 'c']]]),
    );
    expect(await b.state.typing(['ann'])).toEqual(new Map());
  });

  test('a Redis Cluster will do', async () => {
    const redis = await start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    const client = await redisItself(redis.url);
    const slots = Array.from({ length: 16_384 }, (_, slot) => String(slot));
    await client.sendCommand(['CLUSTER', 'ADDSLOTS', ...slots]);
    await until(async () => expect(await client.clusterInfo()).toContain('cluster_state:ok'));
    const options = { cluster: true };
    const [a, b] = [await startNode(redis.url, options), await startNode(redis.url, options)];
    expect(await a.state.enter('ann')).toBe(true);
    expect(await b.state.enter('ann')).toBe(false);
    await a.state.enter('bob');
    await a.state.setTyping('bob', 'c', Date.now() + 60_000);
    expect((await b.state.typing(['bob'])).get('bob')).toEqual(['c']);
    a.die();
    await until(() => expect(goneFrom(b)).toEqual(['bob']));
  });
});
