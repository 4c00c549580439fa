import type { SyncAnswer } from '@parley/protocol';
import { expect, test } from 'vitest';
import type { Prepared } from '../realtime/listener.ts';
import { EventHold } from './event-hold.ts';

const event = (conversationId: string, version: number, size = 100): Prepared => ({
  bytes: Buffer.alloc(size),
  ephemeral: false,
  change: { conversationId, version },
});
const receipt: Prepared = { bytes: Buffer.alloc(10), ephemeral: false, change: null };
const typing: Prepared = { bytes: Buffer.alloc(10), ephemeral: true, change: null };

const page = (...told: (readonly [string, number])[]): SyncAnswer => ({
  cursor: 'c',
  has_more: false,
  reset: false,
  conversations: [],
  removed: told.map(([conversation_id, version]) => ({ conversation_id, version })),
  users: [],
});

test('what happens meanwhile waits, in order; what a page told is left out, then and later', () => {
  const hold = new EventHold();
  const events = [event('a', 4), receipt, event('b', 1), event('a', 5)];
  for (const each of events) expect(hold.admits(each)).toBe(false);
  hold.answered(page(['a', 4]));
  expect(hold.open(0).frames).toEqual([receipt, event('b', 1), event('a', 5)]);
  expect([hold.admits(event('a', 3)), hold.admits(event('a', 6)), hold.admits(event('c', 1))]).toEqual([
    false,
    true,
    true,
  ]);
});

test('typing does not wait', () => {
  expect(new EventHold().admits(typing)).toBe(true);
});

test('a message counts as received only once it is written', () => {
  const hold = new EventHold();
  expect(hold.expect('a', 7)).toBe(true);
  hold.expect('a', 5);
  expect([...hold.open(0).expected]).toEqual([['a', 7]]);
  expect(hold.expect('a', 8)).toBe(false);
});

test('what is too much to keep is let go, and said so, that it is read instead', () => {
  const hold = new EventHold();
  for (let version = 1; version <= 600; version++) hold.admits(event('a', version, 1024));
  expect(hold.takeOverflow()).toBe(true);
  hold.answered(page(['a', 600]));
  expect(hold.admits(event('a', 601))).toBe(false);
  expect(hold.takeOverflow()).toBe(false);
  expect(hold.open(0).frames).toEqual([event('a', 601)]);
});

test('it is over a minute after the last page, and not while a catch-up goes on', () => {
  const hold = new EventHold();
  expect(hold.isOver(1_000_000)).toBe(false);
  hold.open(1000);
  expect([hold.isOver(60_999), hold.isOver(61_001)]).toEqual([false, true]);
  hold.close();
  expect(hold.isOver(1_000_000)).toBe(false);
  expect(hold.admits(event('a', 1))).toBe(false);
});

test('what was let go is never confirmed: what is expected goes with it, until a page brings its own', () => {
  const hold = new EventHold();
  for (let version = 1; version <= 600; version++) {
    hold.admits(event('a', version, 1024));
    hold.expect('a', version);
  }
  expect(hold.hasHole).toBe(true);
  expect(hold.takeOverflow()).toBe(true);
  // Only the pages of another catch-up bring what was let go.
  expect(hold.hasHole).toBe(true);
  hold.expect('b', 3);
  expect(hold.takeOverflow()).toBe(false);
  expect(hold.hasHole).toBe(false);
  expect([...hold.open(0).expected]).toEqual([['b', 3]]);
});
