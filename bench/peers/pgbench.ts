import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { quantile, type Sample } from '../figures.ts';
import { cpuOfFamily } from '../program.ts';
import type { Stage } from '../stage.ts';

export interface PgbenchOptions {
  readonly script: string;
  readonly clients: number;
  readonly seconds: number;
  /** Transactions a second, at moments spread as by chance; as many as can be unless given. */
  readonly rate?: number;
}

/**
 * Runs a script of pgbench, prepared: what Postgres can do by itself. It must be on the PATH (Debian:
 * postgresql-contrib, macOS: libpq). With `rate` the times count from when a transaction was due.
 */
export async function pgbench(stage: Stage, options: PgbenchOptions): Promise<Sample> {
  const { script, clients, seconds, rate } = options;
  const folder = await mkdtemp(join(stage.folder, 'pgbench-'));
  const file = join(folder, 'script.sql');
  await writeFile(file, script);
  const before = await cpuOfFamily(stage.postgresPid);
  const paced = rate === undefined ? [] : ['-R', String(rate)];
  const load = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), '-f', file];
  const log = ['-l', '--log-prefix', join(folder, 'log')];
  const { stdout } = await promisify(execFile)('pgbench', [...load, ...log, ...paced, stage.databaseUrl]);
  const used = (await cpuOfFamily(stage.postgresPid)) - before;
  const times = await timesIn(folder);
  await rm(folder, { recursive: true });
  return {
    'rate/s': Number(/tps = ([\d.]+)/.exec(stdout)?.[1]),
    'p50 ms': quantile(times, 0.5),
    'p99 ms': quantile(times, 0.99),
    'Postgres µs': used / times.length,
  };
}

/** Of each transaction, in milliseconds; the third column of the logs is in microseconds. */
async function timesIn(folder: string): Promise<number[]> {
  const logs = (await readdir(folder)).filter((name) => name.startsWith('log'));
  const texts = await Promise.all(logs.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => Number(line.split(' ')[2]) / 1000),
  );
}
