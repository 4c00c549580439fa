import type { Row } from './rows.ts';

/** Rows as the list has them, and how they came out of those before. */
export interface Step {
  readonly rows: readonly Row[];
  /** Whether rows came or went at the beginning: then the list keeps its place from its end. */
  readonly shift: boolean;
  /** Whether none of them was there before: then the list has no place to keep. */
  readonly isFresh: boolean;
  /** Whether another step must follow before anything is painted. */
  readonly hasMore: boolean;
}

/**
 * The next step from the rows that are `shown` to those that are `wanted`. The list knows how high its rows are by their
 * number from one end, so it can be told of changes at one end at a time. `mayDrop`: whether rows may go at the beginning.
 * While somebody scrolls they had better stay: the list would go on to keep its place from its end, where rows below that
 * turn out higher than was thought would push those in view.
 */
export function nextStep(shown: readonly Row[], wanted: readonly Row[], mayDrop: boolean): Step {
  const places = new Map(shown.map((row, n) => [row.key, n]));
  const first = wanted.findIndex((row) => places.has(row.key));
  if (first === -1) return { rows: wanted, shift: false, isFresh: true, hasMore: false };
  const last = wanted.findLastIndex((row) => places.has(row.key));
  const before = places.get(wanted[first]?.key ?? '') ?? 0;
  const after = shown.slice((places.get(wanted[last]?.key ?? '') ?? 0) + 1);
  const kept = { isFresh: false, hasMore: false };
  if (before > first && !mayDrop)
    return { ...kept, rows: [...shown.slice(0, before), ...wanted.slice(first)], shift: false };
  const shift = before !== first;
  const hasMore = shift && after.length !== wanted.length - 1 - last;
  return { ...kept, rows: hasMore ? [...wanted.slice(0, last + 1), ...after] : wanted, shift, hasMore };
}
