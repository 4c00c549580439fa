import pg from 'pg';
import { expect, test } from 'vitest';
import { createDatabase } from '../../test/support/postgres.ts';
import { connectDatabase } from './database.ts';
import { readHorizon } from './horizon.ts';
import { checkTimeline } from './timeline.ts';

test('a database that was restored into another cluster begins a new epoch, once, with all of it old', async () => {
  const created = await createDatabase();
  const database = connectDatabase({ url: created.url });
  const client = new pg.Client(created.url);
  await client.connect();
  try {
    expect(await checkTimeline(database)).toBe(false);
    expect(await checkTimeline(database)).toBe(false);
    const before = await readHorizon(database);
    // As a dump of another cluster brings it: its identifier, and transaction ids that are far ahead of ours.
    await client.query('update parley.timeline set system_identifier = 7');
    await client.query(
      `insert into parley.users (id, display_name, app_role, profile_issued_at, xid)
       values ('ada', 'Ada', 'student', 1, '123456789')`,
    );
    expect(await checkTimeline(database)).toBe(true);
    const after = await readHorizon(database);
    expect(after.epoch).toBe(before.epoch + 1);
    expect((await client.query('select xid::text from parley.users')).rows).toEqual([{ xid: '1' }]);
    expect(await checkTimeline(database)).toBe(false);
  } finally {
    await client.end();
    await database.close();
    await created.drop();
  }
});
