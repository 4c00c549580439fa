import { expect, test } from 'vitest';
import { nameIn } from './token-name.ts';

const encode = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const tokenWith = (claims: object): string =>
  ['{}', JSON.stringify(claims), 'x'].map((part) => encode(part).replaceAll('=', '')).join('.');

test('a name in a token is shown as it was written, in every script', () => {
  expect(nameIn(tokenWith({ user_metadata: { full_name: 'فرح الحداد' } }))).toBe('فرح الحداد');
  expect(nameIn(tokenWith({ user_metadata: { name: ' Dilan Yıldız ' } }))).toBe('Dilan Yıldız');
  expect(nameIn(tokenWith({ name: 'Ann' }))).toBe('Ann');
});

test('a token that says no name, or is none, breaks nothing', () => {
  for (const token of [tokenWith({ sub: 'ann' }), tokenWith({ name: 7 }), 'a.b.c', '', 'opaque'])
    expect(nameIn(token)).toBeNull();
});
