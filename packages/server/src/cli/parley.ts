import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { addDoctor } from './doctor.ts';
import { loadEnvironmentFile } from './environment.ts';
import { exitCodes, report } from './failure.ts';
import { addMigrate } from './migrate.ts';
import { surviveClosedOutput } from './output.ts';
import { addStart } from './start.ts';
import { addToken } from './token.ts';

const more = `
Configuration comes from environment variables; a file .env in the working directory
adds those that are not set. With none, Parley runs its own Postgres in ./.parley, in demo
mode, on this machine alone.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.

Examples:
  $ parley start
  $ parley token --user alice --name "Alice"
  $ DATABASE_URL=postgres://… SUPABASE_URL=https://… parley doctor`;

const program = new Command('parley')
  .description('The messaging backend that you add to your own app.')
  .version(manifest.version)
  .addHelpText('after', more)
  .showHelpAfterError('(run with --help for what it takes)')
  .exitOverride();

addStart(program);
addMigrate(program);
addToken(program);
addDoctor(program);

surviveClosedOutput();
try {
  loadEnvironmentFile();
  process.exitCode = exitCodes.ok;
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
  // The database's driver keeps a connection that failed midway, and that would keep a failed command for a minute.
  if (process.exitCode !== exitCodes.ok) process.stderr.write('', () => process.exit());
}
