import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Bus } from '../messaging/ports.ts';
import { startRedisCluster, type RedisCluster } from '../redis/redis-cluster-process.ts';
import { hasRedis, hasValkey, startRedis, type RedisProcess } from '../redis/redis-process.ts';
import { slotOf } from '../redis/slots.ts';
import { openNode, openTwo, until, type BusNode } from './bus-redis.fixture.ts';
import { ChannelNames } from './bus-topics.ts';
import { busAcrossNodesSuite, busSuite, followed, listen, typing } from './bus.suite.ts';

if (!hasRedis) console.log('Left out: the bus over Redis, as there is no redis-server on the PATH.');
else if (!hasValkey) console.log('The bus ran over Redis only: there is no valkey-server on the PATH.');

const names = new ChannelNames('test');

/** Closing the bus closes its connection, too. */
const whole = ({ bus, redis }: BusNode): Bus => {
  const close = bus.close.bind(bus);
  bus.close = async () => {
    await close();
    await redis.close();
  };
  return bus;
};

// Valkey is the same protocol: where it is installed, the same is asked of it.
for (const server of hasValkey ? (['redis-server', 'valkey-server'] as const) : (['redis-server'] as const)) {
  const isThere = server === 'valkey-server' || hasRedis;
  describe.skipIf(!isThere)(server, () => {
    let redis: RedisProcess;
    beforeAll(async () => {
      redis = await startRedis([], server);
    });
    afterAll(() => redis.remove());

    busSuite('the bus over Redis, on its own node', async () => whole(await openNode(redis.url)));
    busAcrossNodesSuite('the bus over Redis, between nodes', async () => {
      const [here, there] = await openTwo(redis.url);
      return { here: whole(here), there: whole(there) };
    });
  });

  describe.skipIf(!isThere)(`${server} as a cluster`, () => {
    let cluster: RedisCluster;
    beforeAll(async () => {
      cluster = await startRedisCluster({ server, replicas: 1 });
    }, 60_000);
    afterAll(() => cluster.remove());

    busAcrossNodesSuite('the bus over a Redis Cluster', async () => {
      const [here, there] = await openTwo(cluster.url, { cluster: true });
      return { here: whole(here), there: whole(there) };
    });

    test('a slot that moves to another node takes its topics along, and says so', async () => {
      const [here, there] = await openTwo(cluster.url, { cluster: true });
      const topic = { kind: 'conversation', id: 'c1' } as const;
      await followed(there.bus, topic);
      const { until: heard } = listen(there.bus);
      const moves = there.since.length;
      const slot = slotOf(names.tagOf(names.bucketOf(names.of(topic))));
      const from = Math.floor((slot * 3) / 16_384);
      await cluster.moveSlot(slot, from, (from + 1) % 3);
      await until(() => expect(there.since.length).toBeGreaterThan(moves));
      here.bus.publish(typing('c1'));
      await heard(typing('c1'));
      await cluster.moveSlot(slot, (from + 1) % 3, from);
      await Promise.all([here.close(), there.close()]);
    });

    test('a master dies and its replica takes over: its topics are heard again', async () => {
      const [here, there] = await openTwo(cluster.url, { cluster: true });
      const ids = Array.from({ length: 300 }, (_, index) => `c${index}`);
      await followed(there.bus, ...ids.map((id) => ({ kind: 'conversation', id }) as const));
      await until(() => expect(there.bus.whole).toBe(true));
      const died = Date.now();
      await cluster.masters[0]?.kill();
      await until(() => expect(there.bus.whole).toBe(false));
      await until(() => expect(there.bus.whole, JSON.stringify(there.log.warn.mock.calls)).toBe(true));
      console.log(`a failover took ${Date.now() - died} ms, some 2000 of them Redis' own`);
      expect(Math.min(...there.since.slice(-1))).toBeLessThanOrEqual(died);
      const { heard } = listen(there.bus);
      await until(() => {
        for (const id of ids) here.bus.publish(typing(id));
        const topics = new Set(heard.map(({ frame }) => 'conversation_id' in frame && frame.conversation_id));
        expect(topics.size).toBe(ids.length);
      });
      await Promise.all([here.close(), there.close()]);
    }, 30_000);
  });
}

describe.skipIf(!hasRedis)('what comes over Redis', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  test('what other programs write is dropped and said once; what follows is heard', async () => {
    const redis = await startRedis();
    closing.push(() => redis.remove());
    const [here, there] = await openTwo(redis.url);
    closing.push(here.close, there.close);
    const client = await createClient({ url: redis.url }).connect();
    closing.push(async () => client.destroy());
    const { heard, until: hears } = listen(there.bus);
    const head = `P1${'x'.repeat(12)}`;
    const bad = ['', 'P1', 'hello', head, `${head}{`, `${head}null`, `${head}{"lostForMs":"a"}`];
    const audience = '"audience":{"kind":"users","userIds":["ann"]}';
    const badEvents = [
      'null',
      '{}',
      '{"audience":{"kind":"users","userIds":[1]},"frame":{}}',
      `{${audience},"frame":{"type":"new_message"}}`,
      `{${audience},"frame":{"type":"constructor"}}`,
      // Nothing that a node tells others.
      `{${audience},"frame":{"type":"pong"}}`,
    ];
    for (const payload of [...bad, `${head}[${badEvents.join(',')}]`])
      await client.sPublish(names.everybody, payload);
    await client.sPublish(names.everybody, Buffer.from([0xff, 0xfe, 0x00]));
    const event = {
      ...typing('c1'),
      audience: { kind: 'conversations' as const, conversationIds: ['c1'] },
    };
    here.bus.publish(event);
    await hears(event);
    expect(heard).toEqual([event]);
    const dropped = there.meter.malformed.mock.calls.reduce((sum, [count]) => sum + Number(count), 0);
    expect(dropped).toBe(bad.length + badEvents.length + 1);
    expect(there.log.warn).toHaveBeenCalledTimes(1);
  });

  test('what nobody follows any more is let go of', async () => {
    const redis = await startRedis();
    closing.push(() => redis.remove());
    const [node, other] = await openTwo(redis.url, { lingerMs: 50 });
    closing.push(node.close, other.close);
    const client = await createClient({ url: redis.url }).connect();
    closing.push(async () => client.destroy());
    await followed(node.bus, { kind: 'user', id: 'ann' });
    expect(await client.sendCommand(['PUBSUB', 'SHARDCHANNELS'])).toHaveLength(2);
    node.bus.unfollow({ kind: 'user', id: 'ann' });
    await until(async () => expect(await client.sendCommand(['PUBSUB', 'SHARDCHANNELS'])).toHaveLength(1));
    expect(node.bus.size).toBe(1);
  });
});
