import { CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { Refusal } from '../messaging/refusal.ts';
import { mendDatabase } from './database-problem.ts';

/** What every command's exit code means. */
export const exitCodes = { ok: 0, failure: 1, usage: 2 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Asked for in a way, or in a configuration, in which it can't be done. */
export class UsageError extends Error {}

/** Tells a person what went wrong, on standard error, and answers the exit code. Stacks are for those who debug. */
export function report(error: unknown, env: NodeJS.ProcessEnv = process.env): ExitCode {
  // Commander has said what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  process.stderr.write(explain(error, env));
  if (error instanceof ConfigError) return exitCodes.usage;
  const debugging = env.LOG_LEVEL === 'debug' || env.LOG_LEVEL === 'trace';
  if (debugging && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failure;
}

/** What `report` says: a line, and a second with what to do where that is known; a line for each wrong variable. */
export function explain(error: unknown, env: NodeJS.ProcessEnv): string {
  if (error instanceof ConfigError) return explainConfig(error.problems);
  const mend = mendDatabase(error, !env.DATABASE_URL?.trim());
  if (mend === null) return `parley: ${describe(error)}\n`;
  return `parley: The database can't be used: ${describe(error)}\n    → ${mend}; \`parley doctor\` says more\n`;
}

function explainConfig(problems: readonly string[]): string {
  if (problems.length === 1) return `parley: ${problems.join()}\n`;
  return `Parley is not configured correctly:\n${problems.map((line) => `  ${line}\n`).join('')}`;
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
