import { expect, test } from 'vitest';
import { describeError } from './describe-error.ts';

const describeWith = (message: string, ...values: unknown[]): string =>
  describeError(new Error(message), { values }).message;

test.each([
  [
    'what the request carried',
    'no room for hello there',
    [{ deep: ['hello there'] }],
    'no room for [redacted]',
  ],
  ['the longer of two first', 'bad abcd', ['abc', 'abcd'], 'bad [redacted]'],
  ['as JSON spells it', 'bad "a\\nb"', ['a\nb'], 'bad [redacted]'],
  ['a quotation', "unknown word 'hello'", [], 'unknown word [redacted]'],
  [
    'what Postgres says a value was',
    'invalid input syntax for type uuid: "it "is" me"',
    [],
    'invalid input syntax for type uuid: [redacted]',
  ],
  ['a query string', 'GET /x?name=ana failed', [], 'GET /x?[redacted] failed'],
])('blots out %s', (_what, message, values, expected) => {
  expect(describeWith(message, ...values)).toBe(expected);
});

test.each([
  'relation "parley.messages" does not exist',
  'duplicate key value violates unique constraint "messages_pkey"',
  "ENOENT: no such file or directory, open '/var/lib/parley/blobs/a'",
  "Cannot read properties of undefined (reading 'seq')",
  'connect ECONNREFUSED 127.0.0.1:5432',
])('leaves an operator what they need: %s', (message) => {
  expect(describeWith(message)).toBe(message);
});

test('a message that pretends to be a stack does not come through as one', () => {
  const error = new Error('boom\n    at secret diary entry');
  const { stack } = describeError(error, { values: ['boom\n    at secret diary entry'] });
  expect(stack).toContain('describe-error.test.ts');
  expect(stack).not.toContain('diary');
});

test('a parser quotes the middle of what it could not parse, so its message is withheld', () => {
  expect(describeError(new SyntaxError('Unexpected token h, "hello wor"... is not valid JSON')).message).toBe(
    '[withheld]',
  );
});

test('several failures at once, as of a connection to many addresses, are all told', () => {
  const error = new AggregateError([
    new Error('connect ECONNREFUSED ::1:6379'),
    new Error('connect ECONNREFUSED 127.0.0.1:6379'),
  ]);
  expect(describeError(error).errors?.map(({ message }) => message)).toEqual([
    'connect ECONNREFUSED ::1:6379',
    'connect ECONNREFUSED 127.0.0.1:6379',
  ]);
});

test('causes end, even where they go in a circle', () => {
  const error = new Error('a');
  error.cause = error;
  expect(JSON.stringify(describeError(error)).match(/"message"/g)).toHaveLength(4);
});

test('what is thrown and is no error is not shown at all', () => {
  expect(JSON.stringify(describeError('secret'))).not.toContain('secret');
});
