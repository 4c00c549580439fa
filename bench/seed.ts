import type pg from 'pg';

/** The `n`th conversation of a kind, with an id that can be computed. */
export const idOf = (n: number, kind = 0): string =>
  `00000000-${kind.toString(16).padStart(4, '0')}-7000-8000-${n.toString(16).padStart(12, '0')}`;

/** The same in SQL, over `n`. */
const idInSql = (kind: number): string =>
  `('00000000-${kind.toString(16).padStart(4, '0')}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;

export interface Groups {
  readonly kind?: number;
  readonly count: number;
  readonly size: number;
  /** SQL for the id of a member: over `n`, the group from 1 on, and `m`, the place in it from 1 on. */
  readonly member: string;
}

/** Makes groups without messages. Call `settle` when all is there. */
export async function seedGroups(
  client: pg.Client,
  { kind = 0, count, size, member }: Groups,
): Promise<void> {
  await client.query(
    `insert into parley.conversations (id, type, title, created_by, participant_count, activity)
     select ${idInSql(kind)}, 'group', 'Group ' || n, 'nobody', $2, parley.activity_now()
     from generate_series(1, $1::int) n`,
    [count, size],
  );
  await client.query(
    `insert into parley.conversation_participants (conversation_id, user_id, role, version)
     select ${idInSql(kind)}, ${member}, 'participant', 1
     from generate_series(1, $1::int) n, generate_series(1, $2::int) m`,
    [count, size],
  );
}

/** Makes everybody who is in a conversation known as the tokens of the bench will tell, so that nobody's coming is news. */
export async function seedPeople(client: pg.Client): Promise<void> {
  await client.query(
    `insert into parley.users (id, display_name, app_role, profile_issued_at)
     select distinct user_id, user_id, 'student', 1 from parley.conversation_participants
     on conflict do nothing`,
  );
}

/** Segments of its log that Postgres keeps to write again, as long as `min_wal_size` is not changed. */
const keptSegments = 5;

/**
 * Makes tables and log as they are after a while of use, so that nobody pays for the seeding, or for a new file of the
 * log: Postgres fills it with zeros first, for 13 ms in which no commit ends, and after a checkpoint has old ones.
 */
export async function settle(client: pg.Client): Promise<void> {
  await client.query('vacuum analyze');
  for (let segment = 0; segment < keptSegments; segment++) {
    await client.query(`select pg_logical_emit_message(false, 'bench', '', true)`);
    await client.query('select pg_switch_wal()');
  }
  await client.query('checkpoint');
}
