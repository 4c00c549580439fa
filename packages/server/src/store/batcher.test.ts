import { expect, test } from 'vitest';
import { Refusal } from '../messaging/refusal.ts';
import { Batcher } from './batcher.ts';

type Item = { readonly key: string; readonly value: number };

/** A batcher whose batches wait until the test lets them go on. */
function controlled(options: { inFlight?: number; maxQueue?: number; paceMs?: number } = {}) {
  const batches: {
    items: readonly Item[];
    finish: (results: (number | Error)[]) => void;
    fail: (error: unknown) => void;
  }[] = [];
  let arrived = Promise.withResolvers<void>();
  const batcher = new Batcher<Item, number>({
    run: (items) => {
      const { promise, resolve, reject } = Promise.withResolvers<(number | Error)[]>();
      batches.push({ items, finish: resolve, fail: reject });
      arrived.resolve();
      arrived = Promise.withResolvers<void>();
      return promise;
    },
    keyOf: (item) => item.key,
    maxBatch: 100,
    inFlight: options.inFlight ?? 2,
    maxQueue: options.maxQueue ?? 1000,
    ...(options.paceMs !== undefined && { paceMs: options.paceMs }),
  });
  const nextBatch = async (index: number) => {
    while (batches[index] === undefined) await arrived.promise;
    return batches[index];
  };
  return { batcher, batches, nextBatch };
}

const values = (items: readonly Item[]): number[] => items.map(({ value }) => value);

test('what arrives together is one batch, and each gets its own result', async () => {
  const { batcher, nextBatch } = controlled();
  const results = [1, 2, 3].map((value) => batcher.add({ key: `${value}`, value }));
  const batch = await nextBatch(0);
  expect(values(batch.items)).toEqual([1, 2, 3]);
  batch.finish([10, new Refusal('muted'), 30]);
  await expect(results[0]).resolves.toBe(10);
  await expect(results[1]).rejects.toMatchObject({ code: 'muted' });
  await expect(results[2]).resolves.toBe(30);
});

test('sends to one conversation stay in the order of their arrival, others pass them', async () => {
  const { batcher, nextBatch, batches } = controlled();
  const first = batcher.add({ key: 'a', value: 1 });
  await nextBatch(0);
  const later = [
    batcher.add({ key: 'a', value: 2 }),
    batcher.add({ key: 'b', value: 3 }),
    batcher.add({ key: 'a', value: 4 }),
  ];
  const second = await nextBatch(1);
  expect(values(second.items)).toEqual([3]);
  batches[0]?.finish([1]);
  await first;
  const third = await nextBatch(2);
  expect(values(third.items)).toEqual([2, 4]);
  second.finish([3]);
  third.finish([2, 4]);
  expect(await Promise.all(later)).toEqual([2, 3, 4]);
});

test('one poisonous item does not take the others with it', async () => {
  const batcher = new Batcher<Item, number>({
    run: async (items) => {
      if (items.some(({ value }) => value === 2)) throw new Error('invalid byte sequence');
      return values(items);
    },
    keyOf: ({ key }) => key,
    maxBatch: 100,
    inFlight: 1,
    maxQueue: 100,
  });
  const results = await Promise.allSettled([1, 2, 3].map((value) => batcher.add({ key: `${value}`, value })));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('a deadlock is tried again; a database that is away is not', async () => {
  let deadlocks = 2;
  let calls = 0;
  const batcher = new Batcher<Item, number>({
    run: async (items) => {
      calls++;
      if (items[0]?.key === 'away') throw new Refusal('unavailable');
      if (deadlocks-- > 0) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      return values(items);
    },
    keyOf: ({ key }) => key,
    maxBatch: 100,
    inFlight: 1,
    maxQueue: 100,
  });
  await expect(batcher.add({ key: 'a', value: 1 })).resolves.toBe(1);
  expect(calls).toBe(3);
  const both = [batcher.add({ key: 'away', value: 1 }), batcher.add({ key: 'b', value: 2 })];
  for (const result of both) await expect(result).rejects.toMatchObject({ code: 'unavailable' });
  expect(calls).toBe(4);
});

test('a full queue refuses at once instead of growing', async () => {
  const { batcher, nextBatch } = controlled({ maxQueue: 2, inFlight: 1 });
  const first = batcher.add({ key: 'a', value: 1 });
  const batch = await nextBatch(0);
  const waiting = [batcher.add({ key: 'a', value: 2 }), batcher.add({ key: 'a', value: 3 })];
  await expect(batcher.add({ key: 'b', value: 4 })).rejects.toMatchObject({
    code: 'unavailable',
    retryAfter: 1,
  });
  batch.finish([1]);
  (await nextBatch(1)).finish([2, 3]);
  expect(await Promise.all([first, ...waiting])).toEqual([1, 2, 3]);
});

test('drained waits for everything that was accepted', async () => {
  const { batcher, nextBatch } = controlled();
  await batcher.drained();
  const done: string[] = [];
  const result = batcher.add({ key: 'a', value: 1 }).then(() => done.push('sent'));
  const drained = batcher.drained().then(() => done.push('drained'));
  (await nextBatch(0)).finish([1]);
  await Promise.all([result, drained]);
  expect(done).toEqual(['sent', 'drained']);
});

test('at a pace, who comes alone waits for nothing, and those who follow at once go together', async () => {
  const paceMs = 100;
  const { batcher, nextBatch, batches } = controlled({ inFlight: 1, paceMs });
  const began = performance.now();
  const first = batcher.add({ key: 'a', value: 1 });
  (await nextBatch(0)).finish([1]);
  await first;
  expect(performance.now() - began).toBeLessThan(paceMs);
  const second = batcher.add({ key: 'b', value: 2 });
  await new Promise((resolve) => setTimeout(resolve, paceMs / 4));
  expect(batches).toHaveLength(1);
  const third = batcher.add({ key: 'c', value: 3 });
  const batch = await nextBatch(1);
  expect(values(batch.items)).toEqual([2, 3]);
  expect(performance.now() - began).toBeGreaterThanOrEqual(paceMs - 2);
  batch.finish([2, 3]);
  expect(await Promise.all([second, third])).toEqual([2, 3]);
  await batcher.drained();
});

test('at a pace, a full batch does not wait', async () => {
  const { batcher, nextBatch } = controlled({ inFlight: 1, paceMs: 60_000 });
  const first = batcher.add({ key: 'a', value: 0 });
  (await nextBatch(0)).finish([0]);
  await first;
  await new Promise(setImmediate);
  const all = Array.from({ length: 100 }, (_, value) => batcher.add({ key: `${value}`, value }));
  (await nextBatch(1)).finish(all.map((_, value) => value));
  expect(await Promise.all(all)).toHaveLength(100);
});
