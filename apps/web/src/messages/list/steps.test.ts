import { describe, expect, test } from 'vitest';
import type { Row } from './rows.ts';
import { nextStep } from './steps.ts';

const row = (n: number): Row => ({ key: `k${n}` }) as unknown as Row;
/** Rows by number, both ends included. */
const range = (from: number, to: number): Row[] =>
  Array.from({ length: to - from + 1 }, (_, n) => row(from + n));
const keys = (rows: readonly Row[]): string => rows.map(({ key }) => key).join(' ');

/** All steps that lead there. */
function lead(shown: readonly Row[], wanted: readonly Row[], mayDrop = true) {
  const steps = [nextStep(shown, wanted, mayDrop)];
  for (let last = steps[0]; last?.hasMore === true; last = steps.at(-1)) {
    expect(steps.length).toBeLessThan(5);
    steps.push(nextStep(last.rows, wanted, mayDrop));
  }
  return steps;
}

describe('one end changes at a time', () => {
  test('older ones come: the place is kept from the end', () => {
    const steps = lead(range(5, 9), range(1, 9));
    expect(steps.map(({ shift }) => shift)).toEqual([true]);
  });

  test('new ones come: the place is kept from the beginning', () => {
    const steps = lead(range(5, 9), range(5, 12));
    expect(steps.map(({ shift }) => shift)).toEqual([false]);
  });

  test('older ones come and the newest are let go', () => {
    const steps = lead(range(5, 9), range(1, 7));
    expect(steps.map(({ shift }) => shift)).toEqual([true, false]);
    expect(keys(steps[0]?.rows ?? [])).toBe(keys(range(1, 9)));
    expect(keys(steps[1]?.rows ?? [])).toBe(keys(range(1, 7)));
  });

  test('new ones come and the oldest are let go', () => {
    const steps = lead(range(1, 6), range(3, 9));
    expect(steps.map(({ shift }) => shift)).toEqual([true, false]);
    expect(keys(steps.at(-1)?.rows ?? [])).toBe(keys(range(3, 9)));
  });
});

test('while somebody scrolls, none goes at the beginning, as all others would move', () => {
  const [step] = lead(range(1, 6), range(3, 9), false);
  expect(keys(step?.rows ?? [])).toBe(keys(range(1, 9)));
  expect(step?.shift).toBe(false);
});

test('elsewhere in the conversation, there is no place to keep', () => {
  const [step] = lead(range(1, 6), range(40, 49));
  expect(step?.isFresh).toBe(true);
  expect(keys(step?.rows ?? [])).toBe(keys(range(40, 49)));
});

test('one that is taken away in the middle moves nothing above it', () => {
  const steps = lead(range(1, 6), [...range(1, 2), ...range(4, 6)]);
  expect(steps.map(({ shift }) => shift)).toEqual([false]);
});
