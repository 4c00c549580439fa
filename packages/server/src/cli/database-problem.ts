import { Refusal } from '../messaging/refusal.ts';

const encryption = /\bSSL\b|\bTLS\b|certificate/;

/** What to do, by Postgres' code (and a space) or, where there is none, by what the driver says. The first that fits. */
const mends: readonly [sign: RegExp, mend: string][] = [
  [/^28|^SASL/, 'check the user and the password in DATABASE_URL'],
  [/^3D000 /, 'make that database, or name another one in DATABASE_URL'],
  [/^42501 /, 'give that right to the user in DATABASE_URL, or run `parley migrate` as one who has it'],
  [/^25006 /, 'set DATABASE_URL to the primary, not to a replica'],
  [/^53300 /, 'close other connections to the server at DATABASE_URL, or let it take more'],
  [encryption, 'check sslmode in DATABASE_URL, and the certificate of that server'],
];
const outOfReach = 'check DATABASE_URL, and that this machine can reach it';
const otherwise = 'check that DATABASE_URL names the database that you mean';
/** Nobody wrote its address, so nothing in that can be wrong. */
const embedded = "it is Parley's own, in PARLEY_DATA_DIR (./.parley): see postgres.log there";

/**
 * What to do about a database that can't be used, whether the error is the driver's own or a refusal because of it;
 * null where the error is about something else.
 * @param isEmbedded whether it is the Postgres that Parley runs itself
 */
export function mendDatabase(error: unknown, isEmbedded: boolean): string | null {
  const away = error instanceof Refusal && error.code === 'unavailable';
  const cause = away ? error.cause : error;
  const answered = cause instanceof Error && 'severity' in cause;
  if (!away && !answered && !isFromConnecting(cause)) return null;
  if (isEmbedded) return embedded;
  const sign = signOf(cause);
  const special = mends.find(([pattern]) => pattern.test(sign));
  return special?.[1] ?? (answered ? otherwise : outOfReach);
}

function signOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return 'code' in error && typeof error.code === 'string' ? `${error.code} ${error.message}` : error.message;
}

/** Before Postgres has said anything. A name with several addresses fails with several errors in one. */
function isFromConnecting(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isFromConnecting);
  if (!(error instanceof Error)) return false;
  return (
    ('syscall' in error && error.syscall === 'connect') ||
    error.message.startsWith('SASL') ||
    encryption.test(error.message)
  );
}
