/** A forged cursor must be refused here: what passes goes into a statement, and would come back as a 500. */
import { expect, test } from 'vitest';
import { readCursor, writeCursor } from './cursor.ts';

const time = '2026-03-02T10:15:00.000Z';
const id = '0197f3a2-6c41-7d1e-9a55-3b0c4f2de871';
const forged = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const refused = expect.objectContaining({
  code: 'validation_failed',
  fields: [{ path: '/cursor', message: 'is not a cursor of this list' }],
});

test('a list reads the cursors that it wrote', () => {
  expect(readCursor(writeCursor([time, id]), ['time', 'id'])).toEqual([time, id]);
  expect(readCursor(writeCursor([time, 'ann']), ['time', 'text'])).toEqual([time, 'ann']);
  expect(readCursor(writeCursor([7]), ['count'])).toEqual([7]);
});

test.each([
  ['no JSON', '0'],
  ['no list', forged({ 0: time, 1: id })],
  ['of another list', writeCursor([7])],
  ['a time that only JavaScript reads', forged(['1', id])],
  ['a day that is none', forged(['2026-02-31T00:00:00.000Z', id])],
  ['a year before any', forged(['-271821-04-20T00:00:00.000Z', id])],
  ['an id that is none', forged([time, '-'.repeat(36)])],
])('%s is refused', (_, cursor) => {
  expect(() => readCursor(cursor, ['time', 'id'])).toThrow(refused);
});

test.each([-1, 1.5, Number.MAX_SAFE_INTEGER + 1, '7', null])('%j is no count', (count) => {
  expect(() => readCursor(forged([count]), ['count'])).toThrow(refused);
});

test.each(['\0', '\uD800', 7])('%j is no text', (text) => {
  expect(() => readCursor(forged([time, text]), ['time', 'text'])).toThrow(refused);
});
