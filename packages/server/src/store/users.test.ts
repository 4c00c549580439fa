import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import type { UserActor } from '../messaging/actor.ts';
import { connectDatabase, type Database } from './database.ts';
import { PostgresUsers } from './users.ts';

let testDatabase: TestDatabase;
let database: Database;
let users: PostgresUsers;

beforeAll(async () => {
  testDatabase = await createDatabase();
  database = connectDatabase({ url: testDatabase.url });
  users = new PostgresUsers(database);
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});
beforeEach(() => database.query('truncate parley.users'));

const ada: UserActor = {
  kind: 'user',
  userId: 'ada',
  displayName: 'Ada',
  avatarUrl: null,
  appRole: 'student',
};

const read = async () => {
  const [row] = await database.query<{
    display_name: string;
    app_role: string;
    xid: string;
    updated_at: string;
  }>('select display_name, app_role, xid::text, updated_at from parley.users');
  return row;
};

test('a newer token changes the profile, and an older one does not change it back', async () => {
  await users.saveProfile(ada, 100);
  await users.saveProfile({ ...ada, displayName: 'Countess' }, 101);
  await users.saveProfile(ada, 100);
  expect(await read()).toMatchObject({ display_name: 'Countess' });
});

test.each([
  ['name', { displayName: 'Countess' }, { display_name: 'Countess' }],
  ['role', { appRole: 'admin' as const }, { app_role: 'admin' }],
])(
  'another %s within the same second counts too: somebody signs up and is renamed at once',
  async (_what, change, kept) => {
    await users.saveProfile(ada, 100);
    await users.saveProfile({ ...ada, ...change }, 100);
    expect(await read()).toMatchObject(kept);
  },
);

test('an avatar that comes within the same second is shown, and so is its going', async () => {
  const avatars = async () =>
    (await database.query<{ avatar_url: string | null }>('select avatar_url from parley.users')).map(
      ({ avatar_url }) => avatar_url,
    );
  await users.saveProfile(ada, 100);
  await users.saveProfile({ ...ada, avatarUrl: 'https://example.com/a.png' }, 100);
  expect(await avatars()).toEqual(['https://example.com/a.png']);
  await users.saveProfile(ada, 100);
  expect(await avatars()).toEqual([null]);
});

test('the same token seen again writes nothing', async () => {
  await users.saveProfile(ada, 100);
  const before = await read();
  await users.saveProfile(ada, 100);
  expect(await read()).toEqual(before);
});

test('a newer token that tells nothing new counts all the same: what is older than it changes nothing', async () => {
  await users.saveProfile(ada, 100);
  const before = await read();
  expect(await users.saveProfile(ada, 200)).toBe(false);
  expect(await read()).toEqual(before);
  expect(await users.saveProfile({ ...ada, displayName: 'Countess' }, 150)).toBe(false);
  expect(await read()).toEqual(before);
  expect(await users.saveProfile({ ...ada, displayName: 'Countess' }, 201)).toBe(true);
});

test('of those who come at the same time each is told apart', async () => {
  const named = (userId: string, displayName = userId): UserActor => ({ ...ada, userId, displayName });
  for (const id of ['c', 'a', 'b']) await users.saveProfile(named(id), 100);
  const came = [named('b'), named('a', 'Anna'), named('new'), named('c')];
  const news = await Promise.all(came.map((user, n) => users.saveProfile(user, 100 + n)));
  expect(news).toEqual([false, true, true, false]);
  const rows = await database.query<{ id: string; display_name: string; profile_issued_at: number }>(
    'select id, display_name, profile_issued_at from parley.users order by id',
  );
  expect(rows.map((row) => [row.id, row.display_name, row.profile_issued_at])).toEqual([
    ['a', 'Anna', 101],
    ['b', 'b', 100],
    ['c', 'c', 103],
    ['new', 'new', 102],
  ]);
});
