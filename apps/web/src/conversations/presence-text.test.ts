import { expect, it } from 'vitest';
import type { UserStatus } from '@parley/client';
import { presenceText } from './presence-text.ts';

const now = Date.parse('2026-03-10T12:00:00.000Z');
const text = (status: UserStatus['status'], lastSeen: string | null = null): string =>
  presenceText(
    {
      user_id: 'bob',
      status,
      is_typing: false,
      typing_in_conversation: null,
      last_seen_at: lastSeen,
    },
    now,
  );

it('says how somebody is, and since when they are gone', () => {
  expect(presenceText(undefined, now)).toBe('');
  expect(text('online', '2026-03-10T11:00:00.000Z')).toBe('Online');
  expect(text('busy')).toBe('Busy');
  expect(text('offline')).toBe('Offline');
  expect(text('offline', '2026-03-10T12:00:20.000Z')).toBe('Last seen just now');
  expect(text('offline', '2026-03-10T11:55:00.000Z')).toMatch(/^Last seen 5 min\.? ago$/);
  expect(text('offline', '2026-03-10T09:30:00.000Z')).toMatch(/^Last seen 2 hr\.? ago$/);
  expect(text('offline', '2026-03-09T11:00:00.000Z')).toBe('Last seen yesterday');
  expect(text('offline', '2026-01-02T12:00:00.000Z')).toBe('Last seen January 2');
  expect(text('offline', '2024-01-02T12:00:00.000Z')).toBe('Last seen January 2, 2024');
});
