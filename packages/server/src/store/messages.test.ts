import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOf, rangeOf } from './history.ts';
import { statusOf, type Watermark } from './rows.ts';

const sizeOf = ({ from, to }: { from: number; to: number }): number =>
  Math.max(0, to - Math.max(from, 1) + 1);

test('pages of any size tile the whole history: each seq once, newest first', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 100 }), (lastSeq, limit) => {
      const seen: number[] = [];
      for (let page = 1; seen.length < lastSeq; page++) {
        const { from, to } = rangeOf(placeOf({ kind: 'page', page, limit }), lastSeq);
        for (let seq = to; seq >= Math.max(from, 1); seq--) seen.push(seq);
      }
      expect(seen).toEqual(Array.from({ length: lastSeq }, (_, index) => lastSeq - index));
    }),
  );
});

test('no page is larger than asked, wherever it lies', () => {
  const kinds = fc.constantFrom('before', 'after', 'around');
  fc.assert(
    fc.property(
      kinds,
      fc.nat(1000),
      fc.integer({ min: 1, max: 100 }),
      fc.nat(1000),
      (kind, seq, limit, lastSeq) => {
        expect(sizeOf(rangeOf(placeOf({ kind, seq, limit }), lastSeq))).toBeLessThanOrEqual(limit);
      },
    ),
  );
});

const mark = (
  user_id: string,
  last_read_seq: number,
  last_delivered_seq = last_read_seq,
  joined_seq = 0,
): Watermark => ({
  user_id,
  joined_seq,
  last_read_seq,
  last_delivered_seq,
});

test('a status is the weakest over the others who were there', () => {
  const message = { seq: 5, sender_id: 'ann' };
  expect(statusOf(message, [mark('ann', 5)])).toBe('sent');
  expect(statusOf(message, [mark('ann', 5), mark('bob', 5), mark('cy', 4)])).toBe('sent');
  expect(statusOf(message, [mark('ann', 5), mark('bob', 5), mark('cy', 4, 5)])).toBe('delivered');
  expect(statusOf(message, [mark('ann', 5), mark('bob', 5), mark('cy', 9)])).toBe('read');
  // Who came after it neither holds it back nor counts as having read it.
  expect(statusOf(message, [mark('ann', 5), mark('bob', 5), mark('dora', 5, 5, 5)])).toBe('read');
  expect(statusOf(message, [mark('ann', 5), mark('dora', 9, 9, 5)])).toBe('sent');
});
