/**
 * A statement that is kept ready gets a plan for any values, made before anybody knows how many rows there will be. It
 * must find by an index what it shows: read as a whole, a table would make each page slower with every message.
 */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import { viewsStatement } from './conversation-views.ts';
import { accessStatement, listStatement } from './conversations.ts';
import { aroundStatement, historyStatement } from './history-statements.ts';

let home: TestDatabase;
beforeAll(async () => {
  home = await createDatabase();
});
afterAll(() => home.drop());

const statements = [
  { ...accessStatement, count: 2 },
  { ...historyStatement, count: 11 },
  { ...aroundStatement, count: 5 },
  { ...viewsStatement, count: 2 },
  { ...listStatement, count: 6 },
];

test.for(statements)('$name reads no table as a whole', async ({ name, text, count }) => {
  const client = new pg.Client(home.url);
  await client.connect();
  try {
    await client.query('set plan_cache_mode = force_generic_plan');
    await client.query(`prepare ${name} as ${text}`);
    const values = Array.from({ length: count }, () => 'null').join(', ');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute ${name} (${values})`);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    const nodes = plan
      .split(/(?=->)/)
      .filter((node) => /Scan[^\n]* on (messages|conversations|conversation_participants|users)/.test(node));
    expect(nodes.length).toBeGreaterThan(0);
    for (const node of nodes) expect(node).toMatch(/Index Cond|Recheck Cond/);
    // Two indexes together would mean that the whole of one is read.
    expect(plan).not.toMatch(/BitmapAnd/);
  } finally {
    await client.end();
  }
});
