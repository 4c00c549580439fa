import type { Conversation, Message } from '@parley/client';
import { expect, test } from 'vitest';
import { isNews, notificationOf } from './notifying.ts';
import { preferredDirection } from './direction.ts';
import { windowTitle } from './window-title.ts';

const now = Date.parse('2026-02-01T12:00:00Z');
const message = {
  sender_id: 'bob',
  sender_name: 'Bob',
  message_type: 'text',
  content: 'Pizza **now**?',
  is_deleted: false,
  created_at: '2026-02-01T11:59:00Z',
  metadata: {},
} as unknown as Message;
const lunch = {
  type: 'group',
  title: 'Lunch',
  is_archived: false,
  last_seq: 1,
  participants: [],
} as unknown as Conversation;

test('news are of others, of just now, and not of the archive', () => {
  expect(isNews(message, lunch, 'ann', now)).toBe(true);
  expect(isNews(message, lunch, 'bob', now)).toBe(false);
  expect(isNews(message, { ...lunch, is_archived: true }, 'ann', now)).toBe(false);
  expect(isNews({ ...message, message_type: 'system' }, lunch, 'ann', now)).toBe(false);
  expect(isNews(message, lunch, 'ann', now + 3_600_000)).toBe(false);
});

test('a notification says who, where and what, in plain words', () => {
  expect(notificationOf(message, lunch, 'ann')).toEqual({ title: 'Bob in Lunch', body: 'Pizza now?' });
  expect(notificationOf(message, { ...lunch, type: 'direct' }, 'ann').title).toBe('Bob');
});

test('the tab counts what is unread', () => {
  expect(windowTitle(null, 0)).toBe('Parley');
  expect(windowTitle('Lunch', 3)).toBe('(3) Lunch — Parley');
  expect(windowTitle(null, 250)).toBe('(99+) Parley');
});

test('the direction is that of the first language, unless the address says another', () => {
  expect(preferredDirection(['ar-EG', 'en'], '')).toBe('rtl');
  expect(preferredDirection(['en', 'he'], '')).toBe('ltr');
  expect(preferredDirection(['en'], '?dir=rtl')).toBe('rtl');
  expect(preferredDirection([], '?dir=up')).toBe('ltr');
});
