import { createHash, timingSafeEqual } from 'node:crypto';
import type { BaseLogger } from 'pino';
import type { Config, TokenIdentity } from '../config.ts';
import { serviceActor, type Actor, type UserActor } from '../messaging/actor.ts';
import type { Clock, ProfileStore } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import { hasAudience, isAnonymousKey, isServiceRole, readIssuedAt, readUser } from './claims.ts';
import { createKeySet, type FetchJwks } from './jwks.ts';
import { createSignatureCheck, type SignedClaims } from './signature.ts';
import { createTokenCache } from './token-cache.ts';

/** Who bears a token, and until when. */
export interface Identity {
  readonly actor: Actor;
  /** Milliseconds since 1970; `Infinity` for the service key itself. Beyond what a timer can hold: see `setTimeout`. */
  readonly expiresAt: number;
}

export interface Verifier {
  /**
   * Who bears this token. A token seen before costs a look into a map.
   * @throws Refusal `token_missing` for an empty one, `invalid_token`, `token_expired`, or `unavailable` (with
   * `retryAfter`) while the issuer's keys are needed and can't be fetched
   */
  verify(token: string): Promise<Identity>;
  /** Gives up a fetch of keys that is under way. */
  close(): void;
}

export interface VerifierParts {
  /** Signs and verifies demo tokens; needed in demo mode alone. */
  readonly demoSecret: Uint8Array | null;
  readonly profiles: ProfileStore;
  readonly clock: Clock;
  readonly log: Pick<BaseLogger, 'warn' | 'info'>;
  /** How the issuer's keys are fetched; over HTTP unless said otherwise. */
  readonly fetchJwks?: FetchJwks;
  /** Verified tokens that are remembered. */
  readonly cacheSize?: number;
}

const defaultCacheSize = 10_000;
/** Characters of a token: what fits into the headers of a request anyway. */
const maxTokenLength = 16 * 1024;

const demoIdentity: Omit<TokenIdentity, 'kind'> = {
  secret: null,
  jwksUrl: null,
  audience: 'authenticated',
  issuer: null,
  serviceKey: null,
};

export function createVerifier(identity: Config['identity'], parts: VerifierParts): Verifier {
  const { clock } = parts;
  const settings = identity.kind === 'demo' ? demoIdentity : identity;
  const keySet = settings.jwksUrl === null ? null : createKeySet(settings.jwksUrl, parts);
  const checkSignature = createSignatureCheck(
    { secret: secretOf(identity, parts.demoSecret), keySet },
    clock,
  );
  const isServiceKey = createServiceKeyCheck(settings.serviceKey);
  const keepProfile = createProfileKeeper(parts);

  const cache = createTokenCache<Identity & { readonly answer: Promise<Identity> }>(
    parts.cacheSize ?? defaultCacheSize,
  );
  const underWay = new Map<string, Promise<Identity>>();

  const verifyAnew = async (token: string): Promise<Identity> => {
    if (isServiceKey(token)) return remember(token, { actor: serviceActor, expiresAt: Infinity });
    const signed = await checkSignature(token);
    const found: Identity = { actor: readActor(signed, settings), expiresAt: signed.expiresAt };
    if (found.actor.kind === 'service') return remember(token, found);
    const kept = await keepProfile(found.actor, readIssuedAt(signed.claims, Math.floor(clock.now() / 1000)));
    // A token whose profile was not kept is verified anew next time, so that it then is.
    return kept ? remember(token, found) : found;
  };

  const remember = (token: string, found: Identity): Identity => {
    cache.set(token, { ...found, answer: Promise.resolve(found) });
    return found;
  };

  const forget = (token: string): Promise<never> => {
    cache.delete(token);
    return Promise.reject(new Refusal('token_expired'));
  };

  const verifyOnce = (token: string): Promise<Identity> => {
    const answer = verifyAnew(token).finally(() => underWay.delete(token));
    underWay.set(token, answer);
    return answer;
  };

  return {
    verify(token) {
      const known = cache.get(token);
      if (known !== undefined) return known.expiresAt > clock.now() ? known.answer : forget(token);
      if (token === '') return Promise.reject(new Refusal('token_missing'));
      if (token.length > maxTokenLength) return Promise.reject(new Refusal('invalid_token'));
      return underWay.get(token) ?? verifyOnce(token);
    },
    close: () => keySet?.close(),
  };
}

function secretOf(identity: Config['identity'], demoSecret: Uint8Array | null): Uint8Array | null {
  if (identity.kind === 'tokens')
    return identity.secret === null ? null : new TextEncoder().encode(identity.secret);
  if (demoSecret === null) throw new Error('demo mode needs its secret');
  return demoSecret;
}

/**
 * What the claims amount to here.
 *
 * Supabase's own service keys bear neither our `aud` nor the project's `iss`, so the shared secret alone vouches for
 * them. Published keys may sign for more than this project (some issuers share one key set among all their
 * customers), so there `iss` and `aud` must be ours for the service role too.
 */
function readActor(
  { claims, signedBy }: SignedClaims,
  { audience, issuer }: Pick<TokenIdentity, 'audience' | 'issuer'>,
): Actor {
  if (isServiceRole(claims) && signedBy === 'secret') return serviceActor;
  if (issuer !== null && claims['iss'] !== issuer) throw new Refusal('invalid_token');
  const isOursByIssuer = isServiceRole(claims) && issuer !== null && claims['aud'] === undefined;
  if (!isOursByIssuer && !hasAudience(claims, audience)) throw new Refusal('invalid_token');
  if (isServiceRole(claims)) return serviceActor;
  const user = isAnonymousKey(claims) ? null : readUser(claims);
  if (user === null) throw new Refusal('invalid_token');
  return user;
}

/** Compares in constant time, whatever the lengths. */
function createServiceKeyCheck(serviceKey: string | null): (token: string) => boolean {
  if (serviceKey === null || serviceKey === '') return () => false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(serviceKey);
  return (token) => timingSafeEqual(digest(token), expected);
}

/**
 * Keeps a person's name and avatar, and says whether that worked. A database that is away does not turn a good token
 * into a bad one: a 401 would sign everybody out of the app, while a request that needs the database says 503 of
 * itself. It is logged when it begins to fail and when it works again.
 */
function createProfileKeeper({ profiles, log }: Pick<VerifierParts, 'profiles' | 'log'>) {
  let failing = false;
  return async (user: UserActor, issuedAt: number): Promise<boolean> => {
    try {
      await profiles.saveProfile(user, issuedAt);
      if (failing) log.info('profiles are kept again');
      failing = false;
      return true;
    } catch (err) {
      if (!failing) log.warn({ err }, 'profiles cannot be kept: names and avatars may be out of date');
      failing = true;
      return false;
    }
  };
}
