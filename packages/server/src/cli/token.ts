import { appRoles, DemoTokenBody, type AppRole } from '@parley/protocol';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { readConfig } from '../config.ts';
import { systemUserId } from '../messaging/actor.ts';
import { UsageError } from './failure.ts';

const help = `
Prints the token alone, so that it can be used in place. It works in demo mode only: with an
identity configured (SUPABASE_URL, JWT_SECRET and so on) tokens come from your own issuer.
The server needn't run; use the same PARLEY_DATA_DIR, which holds the secret.

Exit codes: 0 done, 1 failed, 2 wrong usage, or not in demo mode.

Examples:
  $ parley token --user alice --name "Alice"
  $ TOKEN=$(npx parley token --user carol --role teacher --lifetime 12h)
  $ curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/api/conversations`;

interface Options {
  readonly user: string;
  readonly name?: string;
  readonly role?: AppRole;
  /** Seconds. */
  readonly lifetime: number;
}

export function addToken(program: Command): void {
  program
    .command('token')
    .description('Sign a token for demo mode.')
    .requiredOption('--user <id>', "the person's id")
    .option('--name <name>', 'the name that others see')
    .addOption(new Option('--role <role>', 'the role in the application').choices(appRoles))
    .addOption(
      new Option('--lifetime <time>', 'how long it is good: a number and s, m, h, d or w')
        .argParser(parseLifetime)
        .default(86_400, '1d'),
    )
    .addHelpText('after', help)
    .action(signToken);
}

async function signToken({ user, name, role, lifetime }: Options): Promise<void> {
  const config = readConfig(process.env);
  if (config.identity.kind !== 'demo') {
    throw new UsageError(
      'This server takes tokens of the issuer that it is configured with; get them there. `parley token` signs tokens in demo mode only.',
    );
  }
  const { compile } = await import('../messaging/validation.ts');
  const checked = compile(DemoTokenBody)({ user_id: user, ...(name !== undefined && { name }) });
  if (!checked.ok) throw new UsageError(checked.errors.map(fieldProblem).join('; '));
  if (user === systemUserId)
    throw new UsageError(`--user can't be "${systemUserId}", which is the server itself.`);
  const { makeDataDir } = await import('../data-dir.ts');
  const { loadDemoSecret, signDemoToken } = await import('../identity/demo.ts');
  await makeDataDir(config.dataDir);
  const secret = await loadDemoSecret(config.dataDir);
  const token = await signDemoToken(secret, {
    userId: user,
    ...(name !== undefined && { name }),
    ...(role !== undefined && { role }),
    lifetimeSeconds: lifetime,
  });
  process.stdout.write(`${token}\n`);
}

const fieldProblem = ({ path, message }: { path: string; message: string }): string =>
  `${path === '/user_id' ? '--user' : '--name'} ${message}`;

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const longestLifetime = 10 * 365 * 86_400;

/** Seconds. */
function parseLifetime(value: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhdw])$/.exec(value) ?? [];
  const seconds = Number(count) * (units[unit] ?? 0);
  if (seconds < 1 || seconds > longestLifetime) {
    throw new InvalidArgumentError(
      'It takes a number and a unit, such as 90s, 15m, 12h, 1d or 4w; ten years at most.',
    );
  }
  return seconds;
}
