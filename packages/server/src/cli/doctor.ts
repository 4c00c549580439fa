import type { Command } from 'commander';
import { ConfigError, readConfig, type Config } from '../config.ts';
import { exitCodes } from './failure.ts';
import { render, type Finding } from './doctor/finding.ts';

const help = `
Looks at the configuration, the data directory, the database, Redis, the storage and the
token issuer, and says what to mend. It changes nothing, and can be run beside a running
server, or before the first start.

  ✓ good   ✗ to mend   – nothing to check, or good to know

Exit codes: 0 nothing to mend, 1 something is, 2 wrong usage.

Examples:
  $ parley doctor
  $ DATABASE_URL=postgres://… REDIS_URL=redis://… parley doctor`;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Check the configuration and everything that the server needs.')
    .addHelpText('after', help)
    .action(async () => {
      let broken = false;
      for await (const finding of examine()) {
        process.stdout.write(render(finding));
        broken ||= finding.level === 'broken';
      }
      process.exitCode = broken ? exitCodes.failure : exitCodes.ok;
    });
}

async function* examine(): AsyncGenerator<Finding> {
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) yield { level: 'broken', subject: 'Configuration', text: problem };
    return;
  }
  yield { level: 'good', subject: 'Configuration', text: 'every variable is understood' };
  const { checkProxies } = await import('./doctor/proxies.ts');
  yield* checkProxies(config);
  const { checkFiles } = await import('./doctor/files.ts');
  yield* checkFiles(config);
  const { checkDatabase } = await import('./doctor/database.ts');
  yield* checkDatabase(config);
  const { checkRedis } = await import('./doctor/redis.ts');
  yield checkRedis(config);
  const { checkIdentity } = await import('./doctor/identity.ts');
  yield* checkIdentity(config);
}
