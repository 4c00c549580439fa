import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { connectDatabase, type Queryable } from './database.ts';

const folder = fileURLToPath(new URL('./migrations/', import.meta.url));

/** Any fixed number: whoever migrates a database holds this lock, so that nodes starting together take turns. */
const lockKey = 7_247_115_332;

/** Milliseconds that a statement may take: a large table is rewritten, or another node's migration is waited for. */
const patienceMs = 600_000;

export interface Migration {
  readonly name: string;
  readonly applied: boolean;
}

const names = async (): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();

/**
 * Brings the schema `parley` up to date: plain SQL files in the order of their names, each once, all in one
 * transaction. Forward only. Each file enters its own name into `parley.migrations`, so that another tool, such as
 * `supabase db push`, may run the same files.
 * @throws Refusal `unavailable` if the database can't be reached
 */
export async function migrate(databaseUrl: string): Promise<{ applied: string[]; current: string }> {
  const database = connectDatabase({ url: databaseUrl, size: 1, answerMs: patienceMs });
  try {
    return await database.transact(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [lockKey]);
      const done = await appliedNames(tx);
      const all = await names();
      const applied = all.filter((name) => !done.has(name));
      for (const name of applied) await tx.query(await readFile(`${folder}/${name}`, 'utf8'));
      return { applied, current: all.at(-1) ?? '' };
    });
  } finally {
    await database.close();
  }
}

/** Each migration that this version of Parley knows, and whether the database has it. Changes nothing. */
export async function migrationStatus(databaseUrl: string): Promise<Migration[]> {
  const database = connectDatabase({ url: databaseUrl, size: 1, answerMs: patienceMs });
  try {
    const done = await appliedNames(database);
    return (await names()).map((name) => ({ name, applied: done.has(name) }));
  } finally {
    await database.close();
  }
}

async function appliedNames(db: Queryable): Promise<Set<string>> {
  const [table] = await db.query<{ found: boolean }>(
    `select to_regclass('parley.migrations') is not null as found`,
  );
  if (table?.found !== true) return new Set();
  const rows = await db.query<{ name: string }>('select name from parley.migrations');
  return new Set(rows.map((row) => row.name));
}
