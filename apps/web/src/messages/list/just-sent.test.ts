import { expect, test } from 'vitest';
import { endsWithJustSent } from './just-sent.ts';
import type { Row } from './rows.ts';

const row = (n: number, isOwn: boolean, type: string, seq: number | null = n): Row =>
  ({ key: `k${n}`, isOwn, message: { seq, message_type: type } }) as unknown as Row;

const [theirs, own, ownPicture] = [row(1, false, 'text'), row(2, true, 'text'), row(3, true, 'image')];

test('what one sends leads to the end, and so does a file that one posted', () => {
  expect(endsWithJustSent([theirs, row(4, true, 'text', null)], 'k1')).toBe(true);
  expect(endsWithJustSent([theirs, ownPicture], 'k1')).toBe(true);
  expect(endsWithJustSent([theirs, ownPicture, row(4, true, 'file')], 'k1')).toBe(true);
});

test('what others send does not, nor what was there before', () => {
  expect(endsWithJustSent([own, theirs], 'k2')).toBe(false);
  expect(endsWithJustSent([theirs, ownPicture], 'k3')).toBe(false);
});

test('an own picture that is the last because others were let go, or more were read, leads nowhere', () => {
  expect(endsWithJustSent([theirs, ownPicture], 'k9')).toBe(false);
  expect(endsWithJustSent([theirs, own, row(5, false, 'text'), ownPicture], 'k1')).toBe(false);
});
