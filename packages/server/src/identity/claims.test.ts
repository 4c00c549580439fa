import { expect, test } from 'vitest';
import { hasAudience, readIssuedAt, readUser } from './claims.ts';

const person = (claims: Record<string, unknown>) => readUser({ sub: 'ada', ...claims });

test.each(['admin', 'moderator', 'teacher', 'student'])('an issuer can make somebody a %s', (role) => {
  expect(person({ app_metadata: { role } })?.appRole).toBe(role);
});

test.each([
  ['an unknown role', { app_metadata: { role: 'owner' } }],
  ['no role', {}],
  ['a role that is no text', { app_metadata: { role: ['admin'] } }],
  ['metadata that is no object', { app_metadata: 'admin' }],
  ['the metadata that its owner can edit', { user_metadata: { role: 'admin' }, role: 'authenticated' }],
])('%s makes a student, so nobody promotes themselves', (_case, claims) => {
  expect(person(claims)?.appRole).toBe('student');
});

test.each([
  [
    'the full name',
    { user_metadata: { full_name: 'Ada Lovelace', name: 'ada' }, email: 'a@b.c' },
    'Ada Lovelace',
  ],
  ['else the name', { user_metadata: { full_name: '  ', name: ' Ada ' } }, 'Ada'],
  [
    "else the e-mail's local part",
    { user_metadata: { name: 7 }, email: 'ada@lovelace@example.com' },
    'ada@lovelace',
  ],
  ['else the id', { email: '' }, 'ada'],
  ['the id where the e-mail is none', { email: 'nonsense' }, 'ada'],
  ['without what Postgres cannot hold', { user_metadata: { name: 'A\0da\ud800' } }, 'Ada\ufffd'],
  ['without what turns the text around it', { user_metadata: { name: 'A\u202eda' } }, 'Ada'],
  ['not as the system', { user_metadata: { name: ' System ' }, email: 'ada@example.com' }, 'ada'],
])('people see %s', (_case, claims, name) => {
  expect(person(claims)?.displayName).toBe(name);
});

test('a long name is cut at 200 code points, never through a character', () => {
  expect(person({ user_metadata: { name: '🦜'.repeat(300) } })?.displayName).toBe('🦜'.repeat(200));
});

test.each([
  ['https://example.com/a.png', 'https://example.com/a.png'],
  ['http://example.com/a b.png', 'http://example.com/a%20b.png'],
  ['javascript:alert(1)', null],
  ['data:image/png;base64,AAAA', null],
  ['/a.png', null],
  [`https://example.com/${'a'.repeat(2048)}`, null],
  [`https://example.com/${'ä'.repeat(1000)}`, null],
  [7, null],
  [undefined, null],
])('of the avatar %s clients get %s', (avatar_url, shown) => {
  expect(person({ user_metadata: { avatar_url } })?.avatarUrl).toBe(shown);
});

test.each([
  ['none', undefined],
  ['an empty one', ''],
  ['a number', 7],
  ["the system's own", 'system'],
  ['one that no path can name', '..'],
  ['another of this kind', '.'],
  ['one of 129 characters', 'a'.repeat(129)],
  ['one with U+0000', 'a\0'],
  ['one with half a character', 'a\ud83e'],
])('a token whose sub is %s is nobody', (_case, sub) => {
  expect(readUser({ sub })).toBeNull();
});

test('a sub may be any other string of up to 128 characters', () => {
  expect(readUser({ sub: '🦜'.repeat(128) })?.userId).toBe('🦜'.repeat(128));
});

test('an audience may be one name or one of several', () => {
  expect(hasAudience({ aud: 'a' }, 'a')).toBe(true);
  expect(hasAudience({ aud: ['b', 'a'] }, 'a')).toBe(true);
  expect(hasAudience({ aud: ['ab'] }, 'a')).toBe(false);
  expect(hasAudience({}, 'a')).toBe(false);
});

test.each([
  ['iat', { iat: 90, nbf: 80, exp: 200 }, 90],
  ['a fraction of a second, which the database does not keep', { iat: 90.9 }, 90],
  ['a time ahead of the clock, which would freeze the profile', { iat: 1e12 }, 100],
  ['a time before all times', { iat: -1e300 }, 0],
  ['nbf where there is no iat', { nbf: 80, exp: 200 }, 80],
  ['exp alone, so that a profile is refreshed at all', { exp: 200 }, 100],
  ['exp alone of a token that has just expired', { iat: 'today', nbf: Infinity, exp: 95 }, 95],
  ['nothing', {}, 100],
])('how new a profile is, by %s', (_case, claims, issuedAt) => {
  expect(readIssuedAt(claims, 100)).toBe(issuedAt);
});
