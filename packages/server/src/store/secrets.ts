import { randomBytes } from 'node:crypto';
import type { Database } from './database.ts';

/** A random key of 32 bytes that all nodes on this database share; made by the first that asks. */
export async function sharedSecret(db: Database, name: string): Promise<Buffer> {
  await db.query('insert into parley.secrets (name, value) values ($1, $2) on conflict do nothing', [
    name,
    randomBytes(32),
  ]);
  const [row] = await db.query<{ value: Buffer }>('select value from parley.secrets where name = $1', [name]);
  if (row === undefined) throw new Error(`the secret ${name} vanished`);
  return row.value;
}
