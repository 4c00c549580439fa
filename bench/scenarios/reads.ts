/** What the scenarios of reading share: messages made by SQL, and a load of GETs with what they cost. */
import type pg from 'pg';
import type { Sample } from '../figures.ts';
import type { Generator } from '../generator.ts';
import type { HttpCommands, HttpRequest } from '../load/http.ts';
import { metered, type Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import { sampleOf, usersOf } from './cost.ts';

/** A GET, as the load wants it. */
export const get = (path: string, token?: string): HttpRequest => ({
  method: 'GET',
  path,
  ...(token !== undefined && { token }),
});

export interface Asking {
  readonly stage: Stage;
  readonly generator: Generator<HttpCommands>;
  readonly seconds: number;
}

/** Asks for that long, and answers what a request took and cost. */
export const ask = async (...how: Parameters<typeof askAndCount>): Promise<Sample> =>
  (await askAndCount(...how)).sample;

/** The same, and how many requests it were. */
export async function askAndCount(
  { stage, generator, seconds }: Asking,
  server: Pick<Program, 'port' | 'pid'>,
  requests: readonly (readonly HttpRequest[])[],
): Promise<{ sample: Sample; count: number }> {
  const { result: load, used } = await metered(usersOf(stage, server, generator), () =>
    generator.call('load', { port: server.port, ms: seconds * 1000, requests }),
  );
  return { sample: sampleOf(load, used), count: load.count };
}

export interface Talk {
  /** SQL for the conversation of message `n`, from 1 on. */
  readonly conversation: string;
  /** SQL for its `seq` there. */
  readonly seq: string;
  /** SQL for its sender. */
  readonly sender: string;
  readonly count: number;
}

/**
 * Makes messages as if they had been sent one after the other, as quickly as Postgres takes rows: without its log and
 * with the indexes made at the end. Reading is the same afterwards. Call it once, on an empty table.
 */
export async function seedMessages(
  client: pg.Client,
  { conversation, seq, sender, count }: Talk,
): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; definition: string; isKey: boolean }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition,
       i.indisprimary as "isKey"
     from pg_index i where i.indrelid = 'parley.messages'::regclass`,
  );
  await client.query('alter table parley.messages set unlogged');
  for (const { name, isKey } of indexes) if (!isKey) await client.query(`drop index ${name}`);
  await client.query('alter table parley.messages drop constraint messages_pkey');
  await client.query(
    `insert into parley.messages (id, conversation_id, seq, version, created_version, content_version, sender_id,
       content, message_type, created_at, updated_at)
     select ('00000000-ffff-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, s.conversation_id, s.seq, s.seq + 1,
       s.seq + 1, s.seq + 1, s.sender_id, 'Message ' || n || ' of a common length, as people write them.', 'text',
       s.at, s.at
     from generate_series(1, $1::int) n
     cross join lateral (
       select (${conversation})::uuid as conversation_id, (${seq})::bigint as seq, ${sender} as sender_id,
         '2026-01-01T00:00:00.123Z'::timestamptz + n * interval '1 second' as at
     ) s`,
    [count],
  );
  await client.query(`set maintenance_work_mem = '512MB'`);
  await client.query('alter table parley.messages add primary key (id)');
  for (const { definition, isKey } of indexes) if (!isKey) await client.query(definition);
  await client.query(
    `update parley.conversations c set last_seq = m.seq, version = m.seq + 1, last_message_at = m.at
     from (
       select conversation_id, max(seq) as seq, max(created_at) as at from parley.messages group by conversation_id
     ) m
     where m.conversation_id = c.id`,
  );
}

/** Names for all who are in a conversation, as their tokens would have told. */
export const seedNames = (client: pg.Client): Promise<unknown> =>
  client.query(
    `insert into parley.users (id, display_name, app_role, profile_issued_at)
     select distinct user_id, 'Name of ' || user_id, 'student', 0 from parley.conversation_participants
     on conflict do nothing`,
  );
