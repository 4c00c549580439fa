/**
 * A session keeps the plans of its functions. What was planned while the tables were empty must still find a message by
 * an index when there are millions: read as a whole for each item, a chat would grow slower with every message in it.
 */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';

let home: TestDatabase;

beforeAll(async () => {
  home = await createDatabase();
});
afterAll(() => home.drop());

const calls = [
  [
    'send_messages',
    `array[gen_random_uuid()], array['ann'], array[false], array[gen_random_uuid()], array['x'], array['text'],
     array[gen_random_uuid()], array['{}'::jsonb], array['k'], array[''::bytea], array['participant'], false`,
  ],
  ['mark_read', `array['ann'], array[gen_random_uuid()], array[null::uuid]`],
  ['mark_delivered', `array[gen_random_uuid()], array['ann'], array[7]`],
  ['changed_conversations', `'ann', 7, null, 100`],
  ['save_profile', `'ann', 'Ann', null, 'student', 5`],
] as const;

test.for(calls)(
  '%s reads no table as a whole, even if it was planned on empty ones',
  async ([name, values]) => {
    const client = new pg.Client(home.url);
    await client.connect();
    try {
      const plans: string[] = [];
      client.on('notice', ({ message }) => plans.push(message ?? ''));
      await client.query(
        'analyze parley.messages, parley.conversations, parley.conversation_participants, parley.users',
      );
      await client.query(`load 'auto_explain'`);
      await client.query(`set auto_explain.log_min_duration = 0`);
      await client.query(`set auto_explain.log_nested_statements = on`);
      await client.query(`set client_min_messages = log`);
      await client.query(`select * from parley.${name}(${values})`);
      const scans = plans
        .join('\n')
        .split(/(?=->)/)
        .filter((node) =>
          /^-> {2}[^\n]*Scan[^\n]* on (messages|conversations|conversation_participants|users)/.test(node),
        );
      expect(scans.length).toBeGreaterThan(1);
      for (const scan of scans) expect(scan).toMatch(/Index Cond/);
    } finally {
      await client.end();
    }
  },
);
