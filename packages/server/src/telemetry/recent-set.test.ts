import { expect, test } from 'vitest';
import { RecentSet } from './recent-set.ts';

test('counts different ids of the last five minutes, each from when it was last seen', () => {
  let now = 0;
  const recent = new RecentSet({ windowMs: 300, capacity: 10, now: () => now });
  recent.add('a');
  recent.add('b');
  recent.add('a');
  expect(recent.size).toBe(2);
  now = 200;
  recent.add('a');
  now = 300;
  expect(recent.size).toBe(1);
  now = 500;
  expect(recent.size).toBe(0);
});

test('memory is bounded: past the capacity the longest unseen goes', () => {
  let now = 0;
  const recent = new RecentSet({ windowMs: 1000, capacity: 3, now: () => now });
  for (const id of ['a', 'b', 'c', 'd']) recent.add(id);
  expect(recent.size).toBe(3);
  now = 999;
  recent.add('a');
  expect(recent.size).toBe(3);
});
