import { CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { Refusal } from '../messaging/refusal.ts';

/** What every command's exit code means. */
export const exitCodes = { ok: 0, failure: 1, usage: 2 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Asked for in a way, or in a configuration, in which it can't be done. */
export class UsageError extends Error {}

/** Tells a person what went wrong, on standard error, and answers the exit code. Stacks are for those who debug. */
export function report(error: unknown, env: NodeJS.ProcessEnv = process.env): ExitCode {
  // Commander has said what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof ConfigError) {
    process.stderr.write(
      `Parley is not configured correctly:\n${error.problems.map((line) => `  ${line}\n`).join('')}`,
    );
    return exitCodes.usage;
  }
  process.stderr.write(`parley: ${describe(error)}\n`);
  const debugging = env.LOG_LEVEL === 'debug' || env.LOG_LEVEL === 'trace';
  if (debugging && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failure;
}

/** The sentence in an error. A refusal's own is for clients of the API; an operator needs what is behind it. */
export function describe(error: unknown): string {
  if (error instanceof Refusal && error.cause !== undefined) return describe(error.cause);
  // One of these comes from connecting to a name with several addresses, and its own message is empty.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(describe))].join('; ');
  if (!(error instanceof Error)) return String(error);
  if (error.message === 'fetch failed' && error.cause !== undefined) return describe(error.cause);
  return error.message || error.name;
}
