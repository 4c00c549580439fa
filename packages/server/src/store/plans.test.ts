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
  [
    'send_message',
    `gen_random_uuid(), 'ann', false, gen_random_uuid(), 'x', 'text', gen_random_uuid(), '{}'::jsonb, 'k', ''::bytea,
     array['participant'], false`,
  ],
  ['mark_read', `array['ann'], array[gen_random_uuid()], array[null::uuid]`],
  ['mark_delivered', `array[gen_random_uuid()], array['ann'], array[7]`],
  ['changed_conversations', `'ann', 7, null, 100`],
  ['save_profile', `'ann', 'Ann', null, 'student', 5`],
] as const;

/** The nodes of a function's plans that read one of its tables. */
async function scansOf(name: string, values: string): Promise<string[]> {
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
    return plans
      .join('\n')
      .split(/(?=->)/)
      .filter((node) =>
        /^-> {2}[^\n]*Scan[^\n]* on (messages|conversations|conversation_participants|users)/.test(node),
      );
  } finally {
    await client.end();
  }
}

test.for(calls)(
  '%s reads no table as a whole, even if it was planned on empty ones',
  async ([name, values]) => {
    const scans = await scansOf(name, values);
    expect(scans.length).toBeGreaterThan(1);
    for (const scan of scans) expect(scan).toMatch(/Index Cond/);
  },
);

test('a membership is found by both of its columns where nearly everybody is in one conversation, and a bot in all', async () => {
  const client = new pg.Client(home.url);
  await client.connect();
  try {
    await client.query(
      `with made as (
         insert into parley.conversations (id, type, created_by, participant_count)
         select md5(n::text)::uuid, 'group', 'bot', 5 from generate_series(1, 200) n
         returning id
       )
       insert into parley.conversation_participants (conversation_id, user_id, role, version)
       select id, case m when 1 then 'bot' else id || '-' || m end, 'participant', 1
       from made, generate_series(1, 5) m`,
    );
  } finally {
    await client.end();
  }
  for (const [name, values] of calls.slice(0, 4)) {
    const memberships = (await scansOf(name, values)).filter((scan) =>
      scan.includes(' on conversation_participants'),
    );
    expect(memberships.length).toBeGreaterThan(0);
    for (const scan of memberships) {
      expect(scan).toMatch(/Index Cond[^\n]*conversation_id/);
      expect(scan).toMatch(/Index Cond[^\n]*user_id/);
    }
  }
});
