import { connectDatabase, type Database, type Queryable } from './database.ts';

/** Milliseconds that a statement may take: a large table is read. */
const patienceMs = 600_000;
/** Rows that are changed in one transaction. */
const batchRows = 5000;

/**
 * Transaction ids, which catching up goes by, mean something within one line of one database cluster's history. To be
 * called at every start, and whenever the database comes back. Where it was dumped from another cluster and restored, was
 * taken back to an earlier time, or is a standby that was promoted, a new epoch begins, so that cursors of before are
 * told to begin anew. Answers whether that was so.
 *
 * Ids that another cluster's rows brought along and that lie ahead of this one's would count as new for ever: they are
 * made old, in batches, before this resolves. If it is broken off, the next call goes on; nodes may run it side by side
 * and while others write.
 * @throws Refusal `unavailable` if the database can't be reached
 */
export async function checkTimeline(databaseUrl: string): Promise<boolean> {
  const database = connectDatabase({ url: databaseUrl, size: 1, answerMs: patienceMs });
  try {
    const { isNew, isForeign } = await database.transact(judge);
    if (isForeign) {
      for (const table of tables) await makeOld(database, table);
      await database.query('update parley.timeline set is_foreign = false');
    }
    return isNew;
  } finally {
    await database.close();
  }
}

/** Of which cluster a database is, and of which line of its history; null where Parley may not know. */
interface Origin {
  readonly system: string | null;
  readonly line: number | null;
}

interface Timeline extends Origin {
  readonly is_foreign: boolean;
}

async function judge(tx: Queryable): Promise<{ isNew: boolean; isForeign: boolean }> {
  const [known] = await tx.query<Timeline>(
    `select system_identifier::text as system, history_line as line, is_foreign
     from parley.timeline for update`,
  );
  if (known === undefined) throw new Error('the table parley.timeline has lost its row');
  const found = await readOrigin(tx);
  const isOther = differ(known.system, found.system);
  // After a fork the ids of before it are of the same count, and those of after it are lost: no row needs a change.
  const isNew = isOther || differ(known.line, found.line);
  const isForeign = known.is_foreign || isOther;
  await tx.query(
    `update parley.timeline set epoch = epoch + $1, is_foreign = $2,
       system_identifier = coalesce($3::bigint, system_identifier), history_line = coalesce($4, history_line)`,
    [isNew ? 1 : 0, isForeign, found.system, found.line],
  );
  return { isNew, isForeign };
}

const differ = <T>(known: T | null, found: T | null): boolean =>
  known !== null && found !== null && known !== found;

/** Each by a statement of its own: a function that may not be called can't even be named in one. */
async function readOrigin(tx: Queryable): Promise<Origin> {
  const [may] = await tx.query<{ system: boolean; line: boolean }>(
    `select has_function_privilege('pg_control_system()', 'execute') as system,
       has_function_privilege('pg_control_checkpoint()', 'execute')
         and has_function_privilege('pg_control_recovery()', 'execute') as line`,
  );
  const [system] =
    may?.system === true
      ? await tx.query<{ value: string }>(`select system_identifier::text as value from pg_control_system()`)
      : [];
  // The checkpoint tells of a promotion a while after it; until then the end of the recovery does.
  const [line] =
    may?.line === true
      ? await tx.query<{ value: number }>(
          `select greatest(c.timeline_id, r.min_recovery_end_timeline) as value
           from pg_control_checkpoint() c, pg_control_recovery() r`,
        )
      : [];
  return { system: system?.value ?? null, line: line?.value ?? null };
}

interface Table {
  readonly name: string;
  readonly key: readonly { readonly column: string; readonly type: 'uuid' | 'text' }[];
  readonly columns: readonly { readonly column: string; readonly isAhead: string; readonly old: string }[];
}

const id = (column: string) =>
  ({
    column,
    // Whatever can be seen and was written here is of before the snapshot's end.
    isAhead: `t.${column} >= pg_snapshot_xmax(pg_current_snapshot())`,
    // Of before the first transaction of any cluster.
    old: `'1'::xid8`,
  }) as const;

/** It may stand later than what changed, and not earlier. */
const activity = {
  column: 'activity',
  isAhead: 't.activity > parley.activity_now()',
  old: 'parley.activity_now()',
} as const;

const tables: readonly Table[] = [
  { name: 'conversations', key: [{ column: 'id', type: 'uuid' }], columns: [id('xid'), activity] },
  {
    name: 'conversation_participants',
    key: [
      { column: 'conversation_id', type: 'uuid' },
      { column: 'user_id', type: 'text' },
    ],
    columns: [id('xid'), id('receipt_xid'), id('joined_xid')],
  },
  { name: 'messages', key: [{ column: 'id', type: 'uuid' }], columns: [id('xid')] },
  { name: 'users', key: [{ column: 'id', type: 'text' }], columns: [id('xid')] },
];

async function makeOld(database: Database, table: Table): Promise<void> {
  for (let after: readonly string[] | null = null; ;) {
    const rows: string[][] = await database.transact((tx) => makeBatchOld(tx, table, after));
    after = rows.at(-1) ?? null;
    if (rows.length < batchRows) return;
  }
}

/**
 * First the rows are locked, and then, by another statement, looked at once more: what somebody wrote to them meanwhile
 * is no longer ahead of that one's snapshot, and stays.
 */
async function makeBatchOld(
  tx: Queryable,
  table: Table,
  after: readonly string[] | null,
): Promise<string[][]> {
  const { name, key, columns } = table;
  const keys = key.map(({ column }) => `t.${column}`).join(', ');
  const isAhead = columns.map((column) => column.isAhead).join(' or ');
  const isNext = `(${keys}) > (${key.map(({ type }, place) => `$${place + 1}::${type}`).join(', ')})`;
  const rows = await tx.query<{ key: string[] }>(
    `select array[${key.map(({ column }) => `t.${column}::text`).join(', ')}] as key from parley.${name} t
     where (${isAhead}) and ${after === null ? 'true' : isNext} order by ${keys} limit ${batchRows} for update`,
    after ?? [],
  );
  const found = rows.map((row) => row.key);
  await tx.query(
    `update parley.${name} t
     set ${columns.map(({ column, isAhead: when, old }) => `${column} = case when ${when} then ${old} else t.${column} end`).join(', ')}
     from unnest(${key.map(({ type }, place) => `$${place + 1}::${type}[]`).join(', ')})
       as k (${key.map(({ column }) => column).join(', ')})
     where (${keys}) = (${key.map(({ column }) => `k.${column}`).join(', ')}) and (${isAhead})`,
    key.map((_, place) => found.map((values) => values[place])),
  );
  return found;
}
