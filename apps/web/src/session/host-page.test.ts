// @vitest-environment jsdom
import { expect, test, vi } from 'vitest';
import { HostPage, isAllowed, tokenOf } from './host-page.ts';

test('only a message that hands over a token is one', () => {
  expect(tokenOf({ type: 'parley:token', token: 'a.b.c' })).toBe('a.b.c');
  for (const other of [
    null,
    'parley:token',
    { type: 'parley:token' },
    { type: 'parley:token', token: '' },
    { type: 'parley:token', token: 7 },
    { type: 'other', token: 'a.b.c' },
  ])
    expect(tokenOf(other)).toBeNull();
});

test('only pages that the server names may hand one over, and its own', () => {
  expect(isAllowed('https://app.example', ['https://app.example'])).toBe(true);
  expect(isAllowed('https://evil.example', ['https://app.example'])).toBe(false);
  expect(isAllowed('https://app.example.evil.example', ['https://app.example'])).toBe(false);
  expect(isAllowed('https://any.example', ['*'])).toBe(true);
  expect(isAllowed(window.location.origin, [])).toBe(true);
});

function message(origin: string, source: Window, token: string): MessageEvent {
  return new MessageEvent('message', { origin, source, data: { type: 'parley:token', token } });
}

test('a token from another window or origin is not taken', () => {
  const tokens: string[] = [];
  const stop = new HostPage(['https://app.example'], (token) => tokens.push(token)).start();
  const child = document.body.appendChild(document.createElement('iframe')).contentWindow;
  if (child === null) throw new Error('A frame has a window');
  window.dispatchEvent(message('https://app.example', child, 'from a frame inside'));
  window.dispatchEvent(message('https://evil.example', window.parent, 'from a stranger'));
  window.dispatchEvent(message('https://app.example', window.parent, 'from the page'));
  stop();
  window.dispatchEvent(message('https://app.example', window.parent, 'too late'));
  expect(tokens).toEqual(['from the page']);
});

test('whoever asks for a token gets the answer, or an error after ten seconds', async () => {
  vi.useFakeTimers();
  const heard: [string, boolean][] = [];
  const page = new HostPage(['https://app.example'], (...token) => heard.push(token));
  const stop = page.start();
  window.dispatchEvent(message('https://app.example', window.parent, 'first'));
  const answered = page.token();
  window.dispatchEvent(message('https://app.example', window.parent, 'fresh'));
  expect(await answered).toBe('fresh');
  // An answer must not be kept for the next question: by then it may have expired.
  expect(heard).toEqual([
    ['first', false],
    ['fresh', true],
  ]);
  const unanswered = page.token();
  vi.advanceTimersByTime(10_000);
  await expect(unanswered).rejects.toThrow('gave no token');
  stop();
  vi.useRealTimers();
});
