import { Refusal } from '../messaging/refusal.ts';

/** Does something on the disk; its failures, and nobody else's, become a Refusal `unavailable`. */
export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Refusal('unavailable', { cause });
  }
}

/** The code of a failed system call, or the empty string. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';
