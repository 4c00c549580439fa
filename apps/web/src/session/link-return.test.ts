// @vitest-environment jsdom
import { expect, test } from 'vitest';
import { parseReturn, takeReturn } from './link-return.ts';

test('a link that signs in brings two tokens', () => {
  expect(parseReturn('#access_token=a.b.c&expires_in=3600&refresh_token=r&type=magiclink')).toEqual({
    kind: 'tokens',
    access_token: 'a.b.c',
    refresh_token: 'r',
  });
});

test('a link that is too old says so', () => {
  const hash = '#error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid';
  expect(parseReturn(hash)).toEqual({ kind: 'error', code: 'otp_expired', message: 'Email link is invalid' });
});

test('the routes of the app are none', () => {
  for (const hash of ['', '#', '#/', '#/c/0190-access_token=x&refresh_token=y', '#about'])
    expect(parseReturn(hash)).toBeNull();
});

test('tokens do not stay in the address or its history', () => {
  window.history.replaceState(null, '', '/?dir=rtl#access_token=a&refresh_token=r');
  const before = window.history.length;
  expect(takeReturn()?.kind).toBe('tokens');
  expect(window.location.href).toMatch(/\/\?dir=rtl$/);
  expect(window.history.length).toBe(before);
  window.history.replaceState(null, '', '/#/c/1');
  expect(takeReturn()).toBeNull();
  expect(window.location.hash).toBe('#/c/1');
});
