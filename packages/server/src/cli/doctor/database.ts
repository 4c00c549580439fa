import pg from 'pg';
import type { Config } from '../../config.ts';
import { findEmbedded } from '../../store/embedded.ts';
import { findBinaries } from '../../store/embedded/binaries.ts';
import { migrationStatus } from '../../store/migrate.ts';
import { mendDatabase } from '../database-problem.ts';
import { finding, patienceMs, skewOf, type Finding } from './finding.ts';

const subject = 'Database';
const leastVersion = 14;
/** Milliseconds between two machines' clocks above which times that people see look wrong. */
const mostSkewMs = 5000;

export async function* checkDatabase(config: Config): AsyncGenerator<Finding> {
  if (config.databaseUrl !== null) yield* checkServer(config.databaseUrl, false);
  else yield* checkEmbedded(config.dataDir);
}

async function* checkEmbedded(dataDir: string): AsyncGenerator<Finding> {
  const urls: string[] = [];
  yield await finding(subject, 'run this as the user that runs the server', async () => {
    const running = await findEmbedded(dataDir);
    if (running === null) return embeddedAtRest();
    urls.push(running.url);
    return { level: 'good', subject, text: "Parley's own Postgres is running" };
  });
  for (const url of urls) yield* checkServer(url, true);
}

async function embeddedAtRest(): Promise<Finding> {
  await findBinaries();
  return { level: 'note', subject, text: "Parley's own Postgres is not running; `parley start` starts it" };
}

interface Facts {
  readonly version: number;
  readonly encoding: string;
  readonly read_only: boolean;
  readonly may_create: boolean;
  readonly now: number;
}

const factsSql = `
  select current_setting('server_version_num')::int / 10000 as version,
         current_setting('server_encoding') as encoding,
         pg_is_in_recovery() or current_setting('default_transaction_read_only') = 'on' as read_only,
         case when to_regnamespace('parley') is null
              then has_database_privilege(current_database(), 'create')
              else has_schema_privilege('parley', 'create, usage') end as may_create,
         extract(epoch from clock_timestamp())::float8 * 1000 as now`;

async function* checkServer(url: string, isEmbedded: boolean): AsyncGenerator<Finding> {
  const findings: Finding[] = [];
  const mend = (error: unknown): string =>
    mendDatabase(error, isEmbedded) ?? 'check DATABASE_URL, and that this machine can reach it';
  yield await finding(subject, mend, async () => {
    const from = Date.now();
    const facts = await readFacts(url);
    findings.push(...judge(facts, from));
    return {
      level: 'good',
      subject,
      text: `Postgres ${facts.version} answers (${isEmbedded ? 'embedded' : 'at DATABASE_URL'})`,
    };
  });
  if (findings.length === 0) return;
  yield* findings;
  yield await finding('Schema', "check the database user's rights on the schema parley", () =>
    checkMigrations(url),
  );
}

async function readFacts(url: string): Promise<Facts> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Facts>(factsSql);
    if (rows[0] === undefined) throw new Error('it gives no answer');
    return rows[0];
  } finally {
    await client.end();
  }
}

function judge(facts: Facts, from: number): Finding[] {
  const skew = skewOf(facts.now, from, Date.now());
  const checks: readonly [fine: boolean, good: string, bad: string, mend: string][] = [
    [
      facts.version >= leastVersion,
      '',
      `Postgres ${facts.version} is too old`,
      `use Postgres ${leastVersion} or newer`,
    ],
    [
      facts.encoding === 'UTF8',
      '',
      `its encoding is ${facts.encoding}`,
      'use a database with the encoding UTF8',
    ],
    [!facts.read_only, '', 'it is read-only', 'set DATABASE_URL to the primary, not to a replica'],
    [
      facts.may_create,
      'the schema can be written',
      'the schema parley cannot be made or changed',
      'grant create on the database (and on the schema parley, if it is there) to this user',
    ],
    [
      Math.abs(skew) <= mostSkewMs,
      'its clock agrees with ours',
      `its clock is ${Math.round(skew / 1000)} s off ours`,
      'keep the clocks of both machines right with NTP',
    ],
  ];
  return checks.flatMap(([fine, good, bad, mend]): Finding[] => {
    if (!fine) return [{ level: 'broken', subject, text: bad, mend }];
    return good === '' ? [] : [{ level: 'good', subject, text: good }];
  });
}

async function checkMigrations(url: string): Promise<Finding> {
  const all = await migrationStatus(url);
  const pending = all.filter(({ applied }) => !applied);
  if (pending.length === 0)
    return { level: 'good', subject: 'Schema', text: `up to date (${all.at(-1)?.name})` };
  const text = `${pending.length} of ${all.length} migrations are still to be applied; \`parley start\` or \`parley migrate\` does it`;
  return { level: 'note', subject: 'Schema', text };
}
