import { expect, test } from 'vitest';
import { Refusal } from '../messaging/refusal.ts';
import { mendDatabase } from './database-problem.ts';

/** As the driver gives them: what Postgres says has a severity and a code of five characters. */
const said = (code: string, message: string) =>
  Object.assign(new Error(message), { code, severity: 'ERROR' });
const connecting = (code: string) => Object.assign(new Error(code), { code, syscall: 'connect' });
const away = (cause?: unknown) => new Refusal('unavailable', { cause });

test.each([
  [said('42501', 'permission denied for database app'), /give that right to the user in DATABASE_URL/],
  [said('25006', 'cannot execute CREATE TABLE in a read-only transaction'), /to the primary/],
  [away(said('53300', 'sorry, too many clients already')), /close other connections/],
  [said('42P07', 'relation "messages" already exists'), /check that DATABASE_URL names the database/],
  [Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), /sslmode/],
  [connecting('ENETUNREACH'), /check DATABASE_URL, and that this machine can reach it/],
  [new AggregateError([connecting('ECONNREFUSED'), connecting('ECONNREFUSED')]), /can reach it/],
  [away(new Error('Connection terminated due to connection timeout')), /can reach it/],
  [away(), /can reach it/],
])('%s', (error, mend) => {
  expect(mendDatabase(error, false)).toMatch(mend);
});

test("with Parley's own Postgres nobody is sent to look for a variable that they never set", () => {
  expect(mendDatabase(away(connecting('ECONNREFUSED')), true)).toMatch(/see postgres\.log there/);
});

test.each([
  new Error('Port 80 is in use'),
  Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', syscall: 'listen' }),
  new Refusal('not_participant'),
  'a string',
])('what is about something else is not blamed on the database: %s', (error) => {
  expect(mendDatabase(error, false)).toBeNull();
});
