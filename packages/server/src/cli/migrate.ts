import type { Command } from 'commander';
import { readConfig, type Config } from '../config.ts';

const help = `
The server does this by itself when it starts; run it on its own where the server's database
user may not change the schema, or to see what would change. It is safe to run at any time, also
twice at once. With no DATABASE_URL it is about the embedded Postgres, started for it if need be.

Exit codes: 0 up to date (with --status: whether or not), 1 failed, 2 wrong usage or configuration.

Examples:
  $ parley migrate
  $ DATABASE_URL=postgres://… parley migrate --status`;

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description("Bring the database's schema up to date.")
    .option('--status', 'only list the migrations, and which are applied')
    .addHelpText('after', help)
    .action(async (options: { status?: true }) => {
      await withDatabase(readConfig(process.env), options.status ? printStatus : applyAll);
    });
}

async function applyAll(url: string): Promise<void> {
  const { migrate } = await import('../store/migrate.ts');
  const { applied, current } = await migrate(url);
  for (const name of applied) print(`applied  ${name}`);
  print(`The database is up to date (${current}).`);
}

async function printStatus(url: string): Promise<void> {
  const { migrationStatus } = await import('../store/migrate.ts');
  for (const { name, applied } of await migrationStatus(url))
    print(`${applied ? 'applied' : 'pending'}  ${name}`);
}

/** Runs `work` on the configured database; on the embedded one as a running server has it, or else started for this. */
async function withDatabase(config: Config, work: (url: string) => Promise<void>): Promise<void> {
  if (config.databaseUrl !== null) return work(config.databaseUrl);
  const { findEmbedded, startEmbedded } = await import('../store/embedded.ts');
  const running = await findEmbedded(config.dataDir);
  if (running !== null) return work(running.url);
  const { lockDataDir } = await import('../data-dir.ts');
  const lock = await lockDataDir(config.dataDir);
  try {
    const postgres = await startEmbedded(config.dataDir);
    try {
      await work(postgres.url);
    } finally {
      await postgres.stop();
    }
  } finally {
    await lock.release();
  }
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
