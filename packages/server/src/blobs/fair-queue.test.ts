import { expect, test, vi } from 'vitest';
import { FairQueue, type FairQueueOptions } from './fair-queue.ts';

/** A queue whose pieces of work end when they are told to, having taken as long as they are told to have. */
function openQueue(options: FairQueueOptions = {}) {
  let now = 0;
  const queue = new FairQueue({ ...options, now: () => now });
  const started: string[] = [];
  const running: (() => void)[] = [];
  const add = (name: string): Promise<string> =>
    queue.run(name.slice(0, -1), async () => {
      started.push(name);
      await new Promise<void>((resolve) => running.push(resolve));
      return name;
    });
  /** Ends the piece in work. */
  const end = async (tookMs: number) => {
    await vi.waitFor(() => expect(running).toHaveLength(1), { interval: 1 });
    now += tookMs;
    running.shift()?.();
  };
  const pass = (ms: number) => (now += ms);
  return { queue, started, add, end, pass };
}

const refused = { code: 'unavailable', retryAfter: expect.any(Number) };

test('somebody who brings one is next, however many another one brought before', async () => {
  const { add, end, started } = openQueue();
  const all = ['eve1', 'eve2', 'eve3', 'ann1', 'eve4'].map(add);
  for (const _ of all) await end(100);
  expect(await Promise.all(all)).toEqual(['eve1', 'eve2', 'eve3', 'ann1', 'eve4']);
  expect(started).toEqual(['eve1', 'ann1', 'eve2', 'eve3', 'eve4']);
});

test('who had little time is before who had much, and is so for a while', async () => {
  const { add, end, started, pass } = openQueue();
  const before = [add('eve1'), add('ann1')];
  await end(1000);
  await end(10);
  await Promise.all(before);
  const during = ['bob1', 'eve2', 'ann2'].map(add);
  for (const _ of during) await end(1);
  expect(started.slice(2)).toEqual(['bob1', 'ann2', 'eve2']);
  await Promise.all(during);
  pass(60_000);
  const after = ['bob2', 'eve3', 'ann3'].map(add);
  for (const _ of after) await end(1);
  expect(started.slice(5)).toEqual(['bob2', 'eve3', 'ann3']);
});

test('work that fails ends its own turn only', async () => {
  const { queue, add, end } = openQueue();
  const reason = new Error('broken');
  await expect(queue.run('eve', () => Promise.reject(reason))).rejects.toBe(reason);
  const next = add('ann1');
  await end(1);
  expect(await next).toBe('ann1');
});

test('what waits is bounded, in all and of each', async () => {
  const { add, end } = openQueue({ maxWaiting: 3, maxWaitingEach: 2 });
  const taken = ['eve1', 'eve2', 'eve3'].map(add);
  await expect(add('eve4')).rejects.toMatchObject(refused);
  taken.push(add('ann1'));
  await expect(add('bob1')).rejects.toMatchObject(refused);
  for (const _ of taken) await end(1);
  expect(await Promise.all(taken)).toEqual(['eve1', 'eve2', 'eve3', 'ann1']);
});

test('who waited too long is told so, does not start later, and holds nobody up', async () => {
  const { queue, add, end, started } = openQueue({ maxWaitMs: 10 });
  const first = add('eve1');
  await expect(add('ann1')).rejects.toMatchObject(refused);
  const settled = queue.settled();
  await end(1);
  await Promise.all([first, settled]);
  const next = add('bob1');
  await end(1);
  await next;
  expect(started).toEqual(['eve1', 'bob1']);
});
