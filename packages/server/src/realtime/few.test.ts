import { expect, test } from 'vitest';
import { Few } from './few.ts';

test.each([3, 16, 17, 100])('holds %i things once each, in the order in which they came', (count) => {
  const things = Array.from({ length: count }, (_, n) => ({ n }));
  const few = new Few<{ n: number }>();
  for (const thing of [...things, ...things]) few.add(thing);
  expect([...few]).toEqual(things);
  expect(few.size).toBe(count);
  expect(things.every((thing) => few.has(thing))).toBe(true);
  expect(few.has({ n: 0 })).toBe(false);
});

test.each([3, 16, 17, 100])('lets go of %i things, each once', (count) => {
  const things = Array.from({ length: count }, (_, n) => ({ n }));
  const few = new Few<{ n: number }>();
  for (const thing of things) few.add(thing);
  const [first, ...others] = things;
  if (first === undefined) throw new Error('there is one');
  expect([few.delete(first), few.delete(first)]).toEqual([true, false]);
  expect([...few]).toEqual(others);
  for (const thing of few) few.delete(thing);
  expect(few.size).toBe(0);
});
