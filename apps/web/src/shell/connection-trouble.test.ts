import type { ParleyError } from '@parley/client';
import { expect, test } from 'vitest';
import { announcements, shownOf, spokenOf, troubleOf } from './connection-trouble.ts';

const error = Object.assign(new Error('gone'), { code: 'network' }) as ParleyError;

test('nothing is said while all is well, or nobody wants a connection', () => {
  expect(troubleOf({ status: 'live' }, true, true)).toBeNull();
  expect(troubleOf({ status: 'closed' }, false, true)).toBeNull();
});

test('the machine without a network is offline, whatever the connection still believes', () => {
  for (const state of [{ status: 'live' }, { status: 'waiting', retryAt: 5, error }] as const)
    expect(troubleOf(state, false, true)).toEqual({ kind: 'offline' });
});

test('a first connection is not a lost one', () => {
  expect(troubleOf({ status: 'connecting' }, true, false)).toEqual({ kind: 'connecting' });
  expect(troubleOf({ status: 'connecting' }, true, true)).toEqual({ kind: 'reconnecting' });
});

test('while it is tried again and again, the same is said, and in the end that it is over', () => {
  expect(announcements.waiting).toBe(announcements.reconnecting);
  expect(spokenOf(troubleOf({ status: 'waiting', retryAt: 5, error }, true, true), true)).toMatch(
    /reconnecting/i,
  );
  expect(spokenOf(null, true)).toBe('Connected again.');
  expect(spokenOf(null, false)).toBe('');
});

test('who asked too much reads when it goes on, and needs no button for it', () => {
  const limited = Object.assign(new Error('slow down'), { code: 'rate_limited' }) as ParleyError;
  const trouble = troubleOf({ status: 'waiting', retryAt: 5, error: limited }, true, true);
  expect(trouble).toEqual({ kind: 'limited', retryAt: 5 });
  expect(trouble && shownOf(trouble, 12)).toBe('Too many requests. Next try in 12 s');
  expect(shownOf({ kind: 'waiting', retryAt: 5 }, 12)).toBe('Reconnecting in 12 s');
  expect(shownOf({ kind: 'waiting', retryAt: 5 }, 0)).toBe('Reconnecting…');
  expect(shownOf({ kind: 'offline' }, 0)).toBe(announcements.offline);
});
