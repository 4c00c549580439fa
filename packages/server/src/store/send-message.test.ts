/** A message is sent by one function where it is alone and by another where it is one of many: nobody is to notice. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';

let home: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  home = await createDatabase();
  client = new pg.Client(home.url);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await home.drop();
});

const places = ['there', 'deleted', 'elsewhere', 'missing'] as const;
const senders = ['admin', 'member', 'moderator', 'muted', 'gone', 'stranger'] as const;

/** `replyTo`: which of the messages sent before it, if there are as many; -1: one that there never was. */
const anItem = fc.record({
  sender: fc.constantFrom('member', ...senders),
  trusted: fc.boolean(),
  place: fc.constantFrom('there', 'there', 'there', ...places),
  replyTo: fc.option(fc.integer({ min: -1, max: 4 })),
  clientId: fc.option(fc.constantFrom('k', 'l')),
  hash: fc.constantFrom('a', 'b'),
  whileMuted: fc.boolean(),
  withdraw: fc.boolean(),
});
type Item = typeof anItem extends fc.Arbitrary<infer T> ? T : never;

const types = 'uuid text boolean uuid text text uuid jsonb text bytea'.split(' ');
const statements = {
  send_message: `select * from parley.send_message(${types.map((type, n) => `$${n + 1}::${type}`)}, $11, $12)`,
  send_messages: `select * from parley.send_messages(${types.map((type, n) => `array[$${n + 1}::${type}]`)}, $11, $12)`,
};

/** Does all that in a world of its own; answers what was answered, and what stands in the tables, with names for ids. */
async function live(items: readonly Item[], statement: string) {
  const ids = { there: randomUUID(), deleted: randomUUID(), elsewhere: randomUUID(), missing: randomUUID() };
  const names = new Map<unknown, string>(Object.entries(ids).map(([name, id]) => [id, name]));
  const present = [ids.there, ids.deleted, ids.elsewhere];
  await client.query(
    `insert into parley.conversations (id, type, created_by, participant_count, is_deleted)
     select c, 'group', 'admin', 3, c = $2 from unnest($1::uuid[]) c`,
    [present, ids.deleted],
  );
  await client.query(
    `insert into parley.conversation_participants (conversation_id, user_id, role, is_muted, left_at, version)
     select c, u, case when u in ('admin', 'moderator') then u else 'participant' end, u = 'muted', case u when 'gone' then now() end, 1
     from unnest($1::uuid[]) c, unnest(array['admin', 'member', 'moderator', 'muted', 'gone']) u`,
    [present],
  );
  const sent: string[] = [];
  const answers = [];
  for (const [n, item] of items.entries()) {
    const id = randomUUID();
    names.set(id, `message ${n}`);
    const replyTo = item.replyTo === null ? null : (sent[item.replyTo] ?? randomUUID());
    const { rows } = await client.query<Record<string, unknown>>(statement, [
      ids[item.place],
      item.sender,
      item.trusted,
      id,
      `content ${n} `.repeat(30),
      'text',
      replyTo,
      { n },
      item.clientId,
      item.clientId === null ? null : Buffer.from(item.hash),
      // As if moderators might not.
      ['admin', 'participant'],
      item.whileMuted,
    ]);
    answers.push(rows);
    if (rows[0]?.['outcome'] !== 'created') continue;
    sent.push(id);
    // What was answered before may be deleted when the next one replies to it.
    if (item.withdraw)
      await client.query(`update parley.messages set is_deleted = true, content = '' where id = $1`, [id]);
  }
  const tables = [];
  for (const [table, key, order] of [
    ['conversations', 'id', 'id'],
    ['conversation_participants', 'conversation_id', 'conversation_id, user_id'],
    ['messages', 'conversation_id', 'conversation_id, seq'],
    ['message_status', 'conversation_id', 'conversation_id, user_id, status, seq'],
  ] as const) {
    const { rows } = await client.query<Record<string, unknown>>(
      `select * from parley.${table} where ${key} = any ($1) order by ${order}`,
      [present],
    );
    tables.push(rows);
  }
  return [answers, ...tables].map((rows) => plain(rows, names));
}

/** Without what differs from one moment to the next: times become whether there is one, ids what they name. */
function plain(rows: unknown, names: ReadonlyMap<unknown, string>): unknown {
  const named = JSON.stringify(rows, (key, value: unknown) => {
    if (key.endsWith('xid')) return value === '0' ? 'none' : 'some';
    if (/_at$|^at$|^activity$/.test(key)) return value === null ? null : 'some';
    return names.get(value) ?? value;
  });
  const parsed = JSON.parse(named) as unknown[];
  // Ordered by ids that are random.
  return parsed.map((row) => JSON.stringify(row)).toSorted();
}

const plainly: Item = {
  sender: 'member',
  trusted: false,
  place: 'there',
  replyTo: null,
  clientId: null,
  hash: 'a',
  whileMuted: false,
  withdraw: false,
};

/** Each of the outcomes, once at least. */
const everyOutcome: Item[] = [
  plainly,
  { ...plainly, clientId: 'k' },
  { ...plainly, clientId: 'k' },
  { ...plainly, clientId: 'k', hash: 'b' },
  { ...plainly, place: 'missing' },
  { ...plainly, sender: 'gone' },
  { ...plainly, sender: 'moderator' },
  { ...plainly, sender: 'muted' },
  { ...plainly, sender: 'admin', replyTo: 0 },
  { ...plainly, replyTo: -1 },
];

test('whatever is sent alone leaves behind what it would as one of many, and is answered the same', async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(anItem, { minLength: 1, maxLength: 14 }), async (items) => {
      const [one, many] = [
        await live(items, statements.send_message),
        await live(items, statements.send_messages),
      ];
      expect(one).toEqual(many);
      for (const [, outcome = ''] of JSON.stringify(one).matchAll(/outcome\W+(\w+)/g)) outcomes.add(outcome);
    }),
    { numRuns: 60, examples: [[everyOutcome]] },
  );
  // Else it was not asked what it is to answer.
  expect([...outcomes].toSorted()).toEqual([
    'conversation_not_found',
    'created',
    'idempotency_conflict',
    'insufficient_role',
    'muted',
    'not_participant',
    'replayed',
    'reply_not_found',
  ]);
});
