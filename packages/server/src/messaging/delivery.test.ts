import { limits } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Delivery } from './delivery.ts';
import type { BusEvent, DeliveredMove } from './ports.ts';

const move = (lastSeq: number, userId = 'ann', conversationId = 'c'): DeliveredMove => ({
  conversationId,
  userId,
  lastSeq,
});

/** Receipts of `large` are told to their reader alone. */
const sizeOf = (conversationId: string): number =>
  conversationId === 'large' ? limits.receiptAudience + 1 : limits.receiptAudience;

let published: BusEvent[];
let written: DeliveredMove[][];
let away: boolean;
let delivery: Delivery;

beforeEach(() => {
  vi.useFakeTimers();
  [published, written, away] = [[], [], false];
  delivery = new Delivery({
    receipts: {
      markDelivered: async (moves) => {
        if (away) throw new Error('the store is away');
        written.push([...moves]);
        // Those of `gone` have left the conversation, or read that far already.
        return moves
          .filter(({ userId }) => userId !== 'gone')
          .map((each) => ({ ...each, participantCount: sizeOf(each.conversationId) }));
      },
    },
    bus: {
      publish: (event) => published.push(event),
      subscribe: () => () => undefined,
      follow: () => undefined,
      unfollow: () => undefined,
      onUncertain: () => () => undefined,
      close: async () => undefined,
    },
    log: { warn: () => undefined },
    sizeOf,
  });
});

afterEach(() => vi.useRealTimers());

test('confirmations of a moment are written together, the furthest of each person, and told where they moved', async () => {
  delivery.record([move(3), move(1, 'gone')]);
  delivery.record([move(5), move(4), move(2, 'ann', 'd')]);
  await vi.advanceTimersByTimeAsync(60);
  expect(written).toEqual([[move(5), move(1, 'gone'), move(2, 'ann', 'd')]]);
  expect(published.map(({ frame }) => frame)).toEqual([
    { type: 'message_delivered', conversation_id: 'c', user_id: 'ann', last_seq: 5 },
    { type: 'message_delivered', conversation_id: 'd', user_id: 'ann', last_seq: 2 },
  ]);
  expect(published[0]?.audience).toEqual({ kind: 'conversation', conversationId: 'c' });
});

test('many confirmations are written in small batches, without a pause between them', async () => {
  delivery.record(Array.from({ length: 2000 }, (_, person) => move(1, `user ${person}`)));
  await vi.advanceTimersByTimeAsync(100);
  expect(written.flat()).toHaveLength(2000);
  expect(Math.max(...written.map((batch) => batch.length))).toBe(100);
});

test('what the store could not take is tried again, with what came meanwhile', async () => {
  away = true;
  delivery.record([move(1), move(1, 'bob')]);
  await vi.advanceTimersByTimeAsync(60);
  delivery.record([move(2)]);
  away = false;
  await vi.advanceTimersByTimeAsync(1100);
  expect(written.flat()).toEqual([move(2), move(1, 'bob')]);
  expect(published).toHaveLength(2);
});

test('while the store is away, what is kept for it stays bounded', async () => {
  away = true;
  for (let index = 0; index < 30_000; index++) delivery.record([move(1, `user ${index}`)]);
  await vi.advanceTimersByTimeAsync(5000);
  away = false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(written.flat().length).toBe(20_000);
  expect(Math.max(...written.map((batch) => batch.length))).toBeLessThanOrEqual(100);
});

test('closing writes what is there, however much and wherever', async () => {
  delivery.record([move(1), move(1, 'ann', 'large')]);
  for (let index = 0; index < 1500; index++) delivery.record([move(1, `user ${index}`)]);
  await delivery.close();
  expect(written.flat()).toHaveLength(1502);
  expect(written.flat()).toContainEqual(move(1, 'ann', 'large'));
});

test('closing while the store is away ends all the same', async () => {
  away = true;
  delivery.record([move(1)]);
  await delivery.close();
  expect(written).toEqual([]);
});

test('of a large conversation deliveries are counted, too, in few writes, and told to the receiver alone', async () => {
  for (let second = 1; second <= 4; second++) {
    delivery.record([move(second, 'ann', 'large'), move(second, 'bob', 'large'), move(second)]);
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(written).toEqual([[move(1)], [move(2)], [move(3)], [move(4)]]);
  published.length = 0;
  await vi.advanceTimersByTimeAsync(1100);
  expect(written[4]).toEqual([move(4, 'ann', 'large'), move(4, 'bob', 'large')]);
  expect(published.map(({ audience }) => audience)).toEqual([
    { kind: 'users', userIds: ['ann'] },
    { kind: 'users', userIds: ['bob'] },
  ]);
});

test('when a crowd received it, nobody waits for memory to fill, and nobody is forgotten', async () => {
  for (let index = 0; index < 10_000; index++) delivery.record([move(1, `user ${index}`, 'large')]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(written.flat()).toHaveLength(10_000);
});
