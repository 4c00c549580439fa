import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import { connectDatabase } from './database.ts';
import { prepared, PreparedNames } from './prepared.ts';

let home: TestDatabase;
beforeAll(async () => {
  home = await createDatabase();
});
afterAll(() => home.drop());

const one = prepared('test_one', 'select $1::int as value');

const open = () => connectDatabase({ url: home.url, size: 1 });
const kept = `select name from pg_prepared_statements where name like 'parley_%'`;

test('a statement is kept ready on a connection that leads straight to Postgres', async () => {
  await using database = { db: open(), [Symbol.asyncDispose]: () => database.db.close() };
  for (const value of [1, 2]) expect(await database.db.query(one, [value])).toEqual([{ value }]);
  expect(await database.db.query(kept)).toEqual([{ name: one.name }]);
});

test('behind a pooler, which has a process id of its own, nothing is kept', async () => {
  await using straight = {
    client: new pg.Client(home.url),
    [Symbol.asyncDispose]: () => straight.client.end(),
  };
  const client = straight.client as pg.PoolClient;
  await client.connect();
  const names = new PreparedNames();
  expect(await names.nameFor(client, one, async () => [{ pid: 1 }])).toBeUndefined();
});

test('what somebody throws away in between is no error to anybody', async () => {
  await using database = { db: open(), [Symbol.asyncDispose]: () => database.db.close() };
  const { db } = database;
  await db.query(one, [1]);
  await db.query('discard all');
  expect(await db.query(one, [2])).toEqual([{ value: 2 }]);
  await db.query('discard all');
  expect(await db.transact((tx) => tx.query(one, [3]))).toEqual([{ value: 3 }]);
});

test('a table that a migration changes meanwhile is read as it is then, also within a transaction', async () => {
  await using database = { db: open(), [Symbol.asyncDispose]: () => database.db.close() };
  const { db } = database;
  await db.query('create table parley.changing (value int)');
  await db.query('insert into parley.changing values (1)');
  const all = prepared('test_changing', 'select * from parley.changing where value >= $1');
  expect(await db.query(all, [0])).toEqual([{ value: 1 }]);
  await db.query(`alter table parley.changing add column more text default 'x'`);
  expect(await db.query(all, [0])).toEqual([{ value: 1, more: 'x' }]);
  await db.query(`alter table parley.changing drop column more`);
  expect(await db.transact((tx) => tx.query(all, [0]))).toEqual([{ value: 1 }]);
});
