import { describe, expect, test } from 'vitest';
import type { AnyMessage } from '@parley/client';
import { rowsOf, type MessageRow, type Row } from './rows.ts';

const noon = new Date(2026, 4, 12, 12).getTime();

/** What a person wrote, so many minutes after noon. */
function message(seq: number, senderId: string, minutes: number, type = 'text'): AnyMessage {
  const parts = {
    id: `m${seq}`,
    key: `k${seq}`,
    seq,
    sender_id: senderId,
    content: `Message ${seq}`,
    message_type: type,
    created_at: new Date(noon + minutes * 60_000).toISOString(),
  };
  return parts as unknown as AnyMessage;
}

interface Options {
  readonly unreadFrom?: number;
  readonly isWhole?: boolean;
  readonly before?: readonly Row[];
}

const rows = (messages: readonly AnyMessage[], { before = [], ...options }: Options = {}): readonly Row[] =>
  rowsOf({ messages, userId: 'ann', unreadFrom: null, isWhole: true, ...options }, before);

const messageRows = (messages: readonly AnyMessage[], options: Options = {}): readonly MessageRow[] =>
  rows(messages, options).filter((row) => row.message !== null);

const runs = (list: readonly MessageRow[]): string =>
  list.map((row) => `${row.isFirst ? '[' : ''}${row.key}${row.isLast ? ']' : ''}`).join(' ');

describe('runs by one person', () => {
  test('end when somebody else writes', () => {
    const list = [message(1, 'ann', 0), message(2, 'ann', 1), message(3, 'bob', 2), message(4, 'ann', 3)];
    expect(runs(messageRows(list))).toBe('[k1 k2] [k3] [k4]');
  });

  test('end after five minutes without a word, however long they are', () => {
    const list = [message(1, 'bob', 0), message(2, 'bob', 5), message(3, 'bob', 10), message(4, 'bob', 16)];
    expect(runs(messageRows(list))).toBe('[k1 k2 k3] [k4]');
  });

  test('end at midnight, where the day is named', () => {
    const list = [message(1, 'bob', 719), message(2, 'bob', 721)];
    expect(runs(messageRows(list))).toBe('[k1] [k2]');
    expect(messageRows(list).map((row) => row.beginsDay)).toEqual([true, true]);
  });

  test('are apart from what the system says in the name of the same person', () => {
    const list = [message(1, 'bob', 0), message(2, 'bob', 1, 'system'), message(3, 'bob', 2)];
    expect(runs(messageRows(list))).toBe('[k1] [k2] [k3]');
  });
});

test('a day is named once, above its first message', () => {
  const list = [message(1, 'bob', 0), message(2, 'ann', 30), message(3, 'bob', 24 * 60)];
  expect(messageRows(list).map((row) => row.beginsDay)).toEqual([true, false, true]);
});

describe('the line above what is unread', () => {
  const list = [message(4, 'bob', 0), message(5, 'bob', 1), message(6, 'bob', 2)];

  test('is above one message only, which shows its author again', () => {
    const shown = messageRows(list, { unreadFrom: 5 });
    expect(shown.map((row) => row.beginsUnread)).toEqual([false, true, false]);
    expect(runs(shown)).toBe('[k4] [k5 k6]');
  });

  test('is not above one’s own, which are never unread', () => {
    const shown = messageRows([message(4, 'ann', 0), message(5, 'bob', 1)], { unreadFrom: 4 });
    expect(shown.map((row) => row.beginsUnread)).toEqual([false, true]);
  });

  test('is nowhere while what it stands above is not there: the first that is there may not be the first of all', () => {
    const shown = messageRows(list, { unreadFrom: 3, isWhole: false });
    expect(shown.map((row) => row.beginsUnread)).toEqual([false, false]);
  });
});

test('the beginning shows only where there is nothing older', () => {
  const list = [message(1, 'bob', 0)];
  expect(rows(list, { isWhole: false }).map((row) => row.key)).toEqual(['k1']);
  expect(rows(list).map((row) => row.key)).toEqual(['beginning', 'k1']);
});

test('what is read upwards never changes its height: a row shows once it is known what comes before it', () => {
  const list = [1, 2, 3, 4].map((n) => message(n, 'bob', n));
  const before = rows(list.slice(2), { isWhole: false });
  expect(before.map((row) => row.key)).toEqual(['k4']);
  const after = rows(list, { before, isWhole: false });
  expect(after.map((row) => row.key)).toEqual(['k2', 'k3', 'k4']);
  expect(after[2]).toBe(before[0]);
});

describe('rows that say the same stay the same objects', () => {
  const list = [message(1, 'bob', 0), message(2, 'bob', 1), message(3, 'ann', 2)];

  test('when older ones come before them', () => {
    const before = rows(list.slice(1), { isWhole: false });
    const after = rows(list, { before, isWhole: false });
    expect(after[1]).toBe(before[0]);
  });

  test('except for the message that changed', () => {
    const before = messageRows(list);
    const after = messageRows([list[0], { ...list[1] }, list[2]] as AnyMessage[], { before });
    expect(after.map((row, n) => row === before[n])).toEqual([true, false, true]);
  });
});
