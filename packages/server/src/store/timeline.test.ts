import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import { connectDatabase, type Database } from './database.ts';
import { readHorizon } from './horizon.ts';
import { checkTimeline } from './timeline.ts';

let home: TestDatabase;
let database: Database;
let client: pg.Client;

beforeEach(async () => {
  home = await createDatabase();
  database = connectDatabase({ url: home.url });
  client = new pg.Client(home.url);
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.close();
  await home.drop();
});

const epoch = async () => (await readHorizon(database)).epoch;
const rows = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;

test('a database that goes on as it was keeps its epoch, however often it is looked at', async () => {
  for (let start = 0; start < 3; start++) expect(await checkTimeline(home.url)).toBe(false);
  expect(await epoch()).toBe(1);
});

test('a database that was restored into another cluster begins a new epoch, once, with all of it old', async () => {
  await checkTimeline(home.url);
  // As a dump of another cluster brings it: its identifier, and transaction ids that are far ahead of ours.
  const far = `'123456789'`;
  await client.query(`
    update parley.timeline set system_identifier = 7;
    insert into parley.users (id, display_name, app_role, profile_issued_at, xid)
    values ('ada', 'Ada', 'student', 1, ${far});
    insert into parley.conversations (id, type, created_by, participant_count, last_seq, version, xid, activity)
    values (gen_random_uuid(), 'group', 'ada', 1, 12000, 12001, ${far}, ${far}::bigint / 512);
    insert into parley.conversation_participants
      (conversation_id, user_id, role, version, xid, receipt_xid, joined_xid)
    select id, 'ada', 'admin', 1, ${far}, '5', ${far} from parley.conversations;
    insert into parley.messages (id, conversation_id, seq, version, created_version, content_version, sender_id,
      content, message_type, created_at, updated_at, xid)
    select gen_random_uuid(), c.id, s, s + 1, s + 1, s + 1, 'ada', 'hello', 'text', now(), now(), ${far}
    from parley.conversations c, generate_series(1, 12000) s`);
  // Written here since: news stay news.
  await client.query(`
    insert into parley.users (id, display_name, app_role, profile_issued_at, xid)
    values ('bob', 'Bob', 'student', 1, pg_current_xact_id())`);
  const [bob] = await rows(`select xid::text from parley.users where id = 'bob'`);
  expect(await checkTimeline(home.url)).toBe(true);
  expect(await epoch()).toBe(2);
  expect(await rows('select id, xid::text from parley.users order by id')).toEqual([
    { id: 'ada', xid: '1' },
    { id: 'bob', ...bob },
  ]);
  expect(await rows('select distinct xid::text from parley.messages')).toEqual([{ xid: '1' }]);
  expect(
    await rows(`select xid::text, receipt_xid::text, joined_xid::text from parley.conversation_participants`),
  ).toEqual([{ xid: '1', receipt_xid: '5', joined_xid: '1' }]);
  expect(
    await rows('select xid::text, activity <= parley.activity_now() as is_past from parley.conversations'),
  ).toEqual([{ xid: '1', is_past: true }]);
  expect(await checkTimeline(home.url)).toBe(false);
  expect(await epoch()).toBe(2);
});

test('what was broken off is gone on with at the next start, in the epoch that has begun', async () => {
  await checkTimeline(home.url);
  await client.query(`
    update parley.timeline set is_foreign = true;
    insert into parley.users (id, display_name, app_role, profile_issued_at, xid)
    values ('ada', 'Ada', 'student', 1, '123456789')`);
  expect(await checkTimeline(home.url)).toBe(false);
  expect(await rows('select xid::text from parley.users')).toEqual([{ xid: '1' }]);
  expect(await rows('select is_foreign from parley.timeline')).toEqual([{ is_foreign: false }]);
});

test('a standby that was promoted, or a recovery of an earlier time, begins a new epoch and changes no row', async () => {
  await checkTimeline(home.url);
  await client.query(`insert into parley.users (id, display_name, app_role, profile_issued_at, xid)
    values ('ada', 'Ada', 'student', 1, '123456789')`);
  await client.query('update parley.timeline set history_line = history_line + 1');
  expect(await checkTimeline(home.url)).toBe(true);
  expect(await epoch()).toBe(2);
  expect(await rows('select xid::text from parley.users')).toEqual([{ xid: '123456789' }]);
  expect(await checkTimeline(home.url)).toBe(false);
});

test('whoever may not ask of which cluster it is starts all the same', async () => {
  const role = `limited_${process.pid}_${Date.now()}`;
  const mine = async (grant: 'grant' | 'revoke') =>
    client.query(
      `${grant} execute on function pg_control_system(), pg_control_checkpoint(), pg_control_recovery()
       ${grant === 'grant' ? 'to' : 'from'} public`,
    );
  await client.query(`create role ${role} login password 'limited'; grant usage on schema parley to ${role};
    grant select, update on all tables in schema parley to ${role}`);
  await mine('revoke');
  try {
    const url = new URL(home.url);
    url.username = role;
    url.password = 'limited';
    expect(await checkTimeline(url.href)).toBe(false);
    expect(await rows('select system_identifier, history_line from parley.timeline')).toEqual([
      { system_identifier: null, history_line: null },
    ]);
  } finally {
    await mine('grant');
    await client.query(`drop owned by ${role}; drop role ${role}`);
  }
});
