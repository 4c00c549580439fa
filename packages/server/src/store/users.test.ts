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
