/**
 * A server reduced to its data directory: takes the lock, and with `postgres` starts the embedded Postgres. Prints one
 * line of JSON, `{"url", "pid"}` or `{"error"}`. On SIGINT it asks Postgres something before it stops, as a drain does.
 */
import { once } from 'node:events';
import pg from 'pg';
import { lockDataDir } from '../../src/data-dir.ts';
import { startEmbedded } from '../../src/store/embedded.ts';

const [dataDir = '', mode] = process.argv.slice(2);
const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function ask(url: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ answer: string }>(`select 'still here' as answer`);
  await client.end();
  return rows[0]?.answer ?? '';
}

try {
  const lock = await lockDataDir(dataDir);
  const postgres = mode === 'postgres' ? await startEmbedded(dataDir) : null;
  const alive = setInterval(() => undefined, 60_000);
  const interrupted = once(process, 'SIGINT');
  print({ url: postgres?.url, pid: postgres?.pid });
  await interrupted;
  if (postgres !== null) print({ answer: await ask(postgres.url) });
  await postgres?.stop();
  await lock.release();
  clearInterval(alive);
} catch (error) {
  print({ error: error instanceof Error ? error.message : String(error) });
}
