import {
  createLocalJWKSet,
  errors,
  type CryptoKey,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  type LocalJWKSet,
} from 'jose';
import type { BaseLogger } from 'pino';
import type { Clock } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';

/** Milliseconds for which fetched keys are used without asking again. */
export const keysFreshMs = 10 * 60_000;
/** Milliseconds at least between two fetches made because a token names a key that is not in the set. */
export const unknownKeyMs = 30_000;
/** Milliseconds after a failed fetch in which requests that need keys are refused without another. */
export const retryMs = 2000;
const timeoutMs = 5000;

/** Fetches what lies at the key set's address; rejects if the endpoint gives nothing. */
export type FetchJwks = (url: string, signal: AbortSignal) => Promise<unknown>;

export interface KeySet {
  /**
   * The issuer's public keys that may have signed a token with this header: one, or several if the header names none.
   * @throws Refusal `unavailable` while the endpoint is down and its keys are needed; `JWKSNoMatchingKey` if it has none such
   */
  keysFor(header: JWSHeaderParameters): Promise<CryptoKey[]>;
  close(): void;
}

interface KeySetParts {
  readonly clock: Clock;
  readonly log: Pick<BaseLogger, 'warn' | 'info'>;
  readonly fetchJwks?: FetchJwks | undefined;
}

/** The key set at `url`, fetched when first needed. Never used past `keysFreshMs`, so that a revoked key dies in time. */
export function createKeySet(url: string, { clock, log, fetchJwks = fetchOverHttp }: KeySetParts): KeySet {
  const closing = new AbortController();
  let keys: LocalJWKSet | null = null;
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let failed = false;
  let pending: Promise<LocalJWKSet> | null = null;

  const age = (since: number): number => clock.now() - since;

  const load = async (): Promise<LocalJWKSet> => {
    triedAt = clock.now();
    try {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]);
      keys = readKeySet(await fetchJwks(url, signal));
      fetchedAt = clock.now();
      if (failed) log.info("the token issuer's keys can be fetched again");
      failed = false;
      return keys;
    } catch (cause) {
      if (!failed && !closing.signal.aborted) {
        log.warn(
          { err: cause, url },
          "the token issuer's keys cannot be fetched: tokens not seen before get 503",
        );
      }
      failed = true;
      throw unavailable(retryMs, cause);
    }
  };

  /** One fetch serves all who ask meanwhile; within `spacing` of the last attempt there is none. */
  const refetch = (spacing: number): Promise<LocalJWKSet> => {
    if (pending !== null) return pending;
    if (age(triedAt) < spacing) return Promise.reject(unavailable(spacing - age(triedAt)));
    pending = load().finally(() => (pending = null));
    return pending;
  };

  const current = (): Promise<LocalJWKSet> =>
    keys !== null && age(fetchedAt) < keysFreshMs ? Promise.resolve(keys) : refetch(failed ? retryMs : 0);

  return {
    async keysFor(header) {
      try {
        return await matching(await current(), header);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        // A set read a moment ago and without this key: there is no such key, whoever asks.
        if (pending === null && !failed && age(triedAt) < unknownKeyMs) throw error;
        return matching(await refetch(unknownKeyMs), header);
      }
    },
    close: () => closing.abort(),
  };
}

async function matching(keys: LocalJWKSet, header: JWSHeaderParameters): Promise<CryptoKey[]> {
  try {
    return [await keys(header)];
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return Array.fromAsync(error);
    throw error;
  }
}

const unavailable = (waitMs: number, cause?: unknown): Refusal =>
  new Refusal('unavailable', { retryAfter: Math.max(1, Math.ceil(waitMs / 1000)), cause });

/** jose judges the keys themselves, and takes public ones alone. */
const isKeySet = (value: unknown): value is JSONWebKeySet =>
  typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);

function readKeySet(value: unknown): LocalJWKSet {
  if (!isKeySet(value)) throw new Error('there is no key set at this address');
  return createLocalJWKSet(value);
}

async function fetchOverHttp(url: string, signal: AbortSignal): Promise<unknown> {
  const headers = { accept: 'application/jwk-set+json, application/json' };
  const response = await fetch(url, { headers, redirect: 'error', signal });
  if (response.status !== 200)
    throw new Error(`the key set's address answered with status ${response.status}`);
  return response.json();
}
