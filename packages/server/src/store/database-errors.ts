import { Refusal } from '../messaging/refusal.ts';

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';

/** Rolled back by Postgres through no fault of the request: doing it again is right. */
export const isTransient = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error));

/** A prepared statement is missing or is there already, by no doing of ours. */
export const isMisnamed = (error: unknown): boolean => ['26000', '42P05'].includes(codeOf(error));

/** A prepared statement can't be used as it is kept: nothing was done, and prepared anew it works. */
export const isStale = (error: unknown): boolean =>
  isMisnamed(error) ||
  (codeOf(error) === '0A000' && error instanceof Error && error.message.includes('cached plan'));

/** This server takes no writes: it is a standby by now, or an operator said so. */
export const isReadOnly = (error: unknown): boolean => codeOf(error) === '25006';

/** Postgres takes no further connection; those that there are go on. */
export const isFull = (error: unknown): boolean => codeOf(error) === '53300';

const network = 'ECONN\\w+|EPIPE|ENOTFOUND|ETIMEDOUT|EAI_\\w+|E(HOST|NET)(UNREACH|DOWN)';
/** Connections that can't be used any more, or not be made: the server, an operator or the network ended them. */
const lost = new RegExp(`^(08...|57P0.|25P0[34]|${network})$`);
/** Besides: resources (disk, memory, slots), cancelled and waiting in vain, read-only. */
const unavailable = /^(53...|57014|25006|55P03|58...)$/;
const lostByMessage = /timeout|Connection terminated|connection error|not queryable/i;

/**
 * Whether the connection is gone with it: of a statement that was under way nobody knows whether it took effect. Even
 * one that an operator ended (57P01) may have: it can strike while a commit waits for a standby.
 */
export const isLost = (error: unknown): boolean => {
  const code = codeOf(error);
  if (code !== '') return lost.test(code);
  return error instanceof Error && lostByMessage.test(error.message);
};

/** What a caller gets for a failed query: `unavailable` where Postgres is away, the error itself where we are wrong. */
export function translate(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error;
  return isLost(error) || unavailable.test(codeOf(error)) ? refuse(error) : error;
}

/** `unavailable`, because of `cause`. */
export const refuse = (cause?: unknown): Refusal => new Refusal('unavailable', { retryAfter: 1, cause });

/** Postgres did not answer in the time that we give it. */
export class Unanswered extends Error {
  readonly code = 'ETIMEDOUT';

  constructor() {
    super('Postgres did not answer in time');
    this.name = 'Unanswered';
  }
}
