import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Delivery } from './delivery.ts';
import type { BusEvent, DeliveredMove } from './ports.ts';

const move = (lastSeq: number, userId = 'ann', conversationId = 'c'): DeliveredMove => ({
  conversationId,
  userId,
  lastSeq,
});

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
        return moves.filter(({ userId }) => userId !== 'gone');
      },
    },
    bus: {
      publish: (event) => published.push(event),
      subscribe: () => () => undefined,
      close: async () => undefined,
    },
    log: { warn: () => undefined },
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
  expect(Math.max(...written.map((batch) => batch.length))).toBeLessThanOrEqual(1000);
});

test('closing writes what is there', async () => {
  delivery.record([move(1)]);
  await delivery.close();
  expect(written).toEqual([[move(1)]]);
});
