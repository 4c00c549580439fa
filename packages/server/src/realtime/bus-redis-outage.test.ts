import { createClient } from 'redis';
import { afterEach, describe, expect, test } from 'vitest';
import type { Topic } from '../messaging/ports.ts';
import { hasRedis, startRedis } from '../redis/redis-process.ts';
import { openNode, openTwo, until, type BusNode } from './bus-redis.fixture.ts';
import { followed, listen, typing } from './bus.suite.ts';

if (!hasRedis)
  console.log('Left out: outages of the bus over Redis, as there is no redis-server on the PATH.');

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const conversation = (id: string): Topic => ({ kind: 'conversation', id });

async function start() {
  const redis = await startRedis();
  closing.push(() => redis.remove());
  return redis;
}

async function startTwo(url: string) {
  const nodes = await openTwo(url);
  closing.push(...nodes.map(({ close }) => close));
  return nodes;
}

/** Publishes until it is heard; answers the milliseconds since `back`. */
async function hearsAgain(here: BusNode, there: BusNode, back: number): Promise<number> {
  const { heard } = listen(there.bus);
  await until(() => {
    here.bus.publish(typing('c1'));
    expect(heard).not.toEqual([]);
  });
  return Date.now() - back;
}

describe.skipIf(!hasRedis)('a Redis that goes and comes', () => {
  test('killed and started anew: what was followed before and meanwhile is heard, and the time between is named', async () => {
    const redis = await start();
    const [here, there] = await startTwo(redis.url);
    await followed(there.bus, conversation('c1'));
    there.since.length = 0;
    await redis.kill();
    const killed = Date.now();
    await until(() => expect(there.bus.whole).toBe(false));
    there.bus.follow(conversation('c2'));
    const publishedAt = Date.now();
    for (let index = 0; index < 50_000; index++) here.bus.publish(typing('c1', `user ${index}`));
    expect(here.bus.waiting).toBeLessThan(8 * 1024 * 1024);
    expect(there.since).toEqual([]);

    const back = Date.now();
    await redis.start();
    const tookMs = await hearsAgain(here, there, back);
    console.log(`delivery was whole ${tookMs} ms after Redis came back`);
    await until(() => expect(there.bus.whole).toBe(true));
    await until(() => expect(Math.min(...there.since)).toBeLessThanOrEqual(killed));
    expect(Math.min(...there.since)).toBeGreaterThan(killed - 5000);

    // What was lost on the way out is told by the one who lost it, though `there` is connected since.
    await until(() => expect(here.log.info).toHaveBeenCalledWith({}, 'events reach other nodes again'));
    expect(here.meter.lost.mock.calls.reduce((sum, [count]) => sum + Number(count), 0)).toBeGreaterThan(
      40_000,
    );
    expect(
      here.log.warn.mock.calls.filter(([, message]) => String(message).includes('do not reach')),
    ).toHaveLength(1);
    expect(there.since.some((each) => each <= publishedAt)).toBe(true);
    const { until: hears } = listen(there.bus);
    here.bus.publish(typing('c2'));
    await hears(typing('c2'));
  });

  test('one that stops without a word is found out within seconds, and heard again when it goes on', async () => {
    const redis = await start();
    const [here, there] = await startTwo(redis.url);
    await followed(there.bus, conversation('c1'));
    there.since.length = 0;
    const stopped = Date.now();
    redis.pause();
    await until(() => expect(there.bus.whole).toBe(false));
    console.log(`a Redis that stopped was found out after ${Date.now() - stopped} ms`);
    for (let index = 0; index < 100_000; index++) here.bus.publish(typing('c1', `user ${index}`));
    expect(here.bus.waiting).toBeLessThan(8 * 1024 * 1024);
    const back = Date.now();
    redis.resume();
    const tookMs = await hearsAgain(here, there, back);
    console.log(`delivery was whole ${tookMs} ms after Redis went on`);
    await until(() => expect(Math.min(...there.since)).toBeLessThanOrEqual(stopped));
  });

  test('one that is silent while people go on talking is connected to anew, and others learn what was lost', async () => {
    const redis = await start();
    const [here, there] = await startTwo(redis.url);
    await followed(there.bus, conversation('c1'));
    there.since.length = 0;
    const stopped = Date.now();
    redis.pause();
    here.bus.publish(typing('c1'));
    const talk = setInterval(() => here.bus.publish(typing('c1')), 20);
    await until(() => expect(here.bus.whole).toBe(false));
    console.log(`publishing found out after ${Date.now() - stopped} ms`);
    clearInterval(talk);
    redis.resume();
    await until(() => expect(here.log.info).toHaveBeenCalledWith({}, 'events reach other nodes again'));
    await until(() => expect(Math.min(...there.since)).toBeLessThanOrEqual(stopped));
    expect(Math.min(...there.since)).toBeGreaterThan(stopped - 5000);
  });

  test('a flush of its data touches no subscription', async () => {
    const redis = await start();
    const [here, there] = await startTwo(redis.url);
    await followed(there.bus, conversation('c1'));
    const client = await createClient({ url: redis.url }).connect();
    closing.push(async () => client.destroy());
    await client.flushAll();
    const { until: hears } = listen(there.bus);
    here.bus.publish(typing('c1'));
    await hears(typing('c1'));
  });

  test('a Redis with a password lets both connections in', async () => {
    const redis = await startRedis(['--requirepass', 'p@ss word']);
    closing.push(() => redis.remove());
    const url = redis.url.replace('//', `//:${encodeURIComponent('p@ss word')}@`);
    const [here, there] = await startTwo(url);
    await followed(there.bus, conversation('c1'));
    const { until: hears } = listen(there.bus);
    here.bus.publish(typing('c1'));
    await hears(typing('c1'));
  });

  test('a node that starts before Redis hears what it follows once Redis is there', async () => {
    const redis = await start();
    await redis.kill();
    const node = await openNode(redis.url);
    closing.push(node.close);
    const asked = Date.now();
    const effective = followed(node.bus, conversation('c1'));
    await redis.start();
    expect(await effective).toBeLessThanOrEqual(asked);
    const other = await openNode(redis.url);
    closing.push(other.close);
    await hearsAgain(other, node, asked);
  });

  test('closing is quick and quiet, whether Redis is there, hangs or never was', async () => {
    const redis = await start();
    const [there, hanging] = await openTwo(redis.url);
    const never = await openNode('redis://127.0.0.1:1');
    const neverCluster = await openNode('redis://127.0.0.1:1', { cluster: true });
    await there.close();
    redis.pause();
    for (const { bus } of [hanging, never, neverCluster]) bus.publish(typing('c1'));
    const asked = performance.now();
    for (const { close } of [hanging, never, neverCluster]) await close();
    expect(performance.now() - asked).toBeLessThan(2000);
    redis.resume();
  });

  test('20,000 topics are followed at once, and again after Redis restarted', async () => {
    const redis = await start();
    const [here, there] = await startTwo(redis.url);
    const asked = performance.now();
    for (let index = 0; index < 20_000; index++) there.bus.follow(conversation(`c${index}`));
    await until(() => expect(there.bus.whole).toBe(true));
    console.log(`20,000 topics were followed in ${Math.round(performance.now() - asked)} ms`);
    await redis.kill();
    await until(() => expect(there.bus.whole).toBe(false));
    await redis.start();
    const back = performance.now();
    await until(() => expect(there.bus.whole).toBe(true));
    console.log(`and again ${Math.round(performance.now() - back)} ms after Redis came back`);
    await until(() => expect(here.bus.whole).toBe(true));
    const { until: hears } = listen(there.bus);
    for (const id of ['c0', 'c19999']) {
      here.bus.publish(typing(id));
      await hears(typing(id));
    }
  });
});
