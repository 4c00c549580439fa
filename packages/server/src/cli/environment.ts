import { existsSync } from 'node:fs';
import { UsageError } from './failure.ts';

/** Adds the variables of `.env` in the working directory, if it is there, to those that are not set. */
export function loadEnvironmentFile(): void {
  if (!existsSync('.env')) return;
  try {
    process.loadEnvFile('.env');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The file .env in this directory can't be read: ${reason}`, { cause });
  }
}
