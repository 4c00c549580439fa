import pg from 'pg';
import { expect, test } from 'vitest';
import { createDatabase } from './postgres.ts';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('each test has a migrated database of its own', async () => {
  const [one, two] = await Promise.all([createDatabase(), createDatabase()]);
  await query(one.url, 'create table only_here ()');
  expect(await query(two.url, `select to_regclass('only_here') as it`)).toEqual([{ it: null }]);
  expect(await query(two.url, `select to_regclass('parley.messages')::text as it`)).toEqual([
    { it: 'parley.messages' },
  ]);
  await Promise.all([one.drop(), two.drop()]);
  await expect(query(one.url, 'select 1')).rejects.toThrow(/does not exist/);
});
