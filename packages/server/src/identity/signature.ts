import { createSecretKey, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, type CryptoKey, type JWSHeaderParameters } from 'jose';
import type { Clock } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import type { Claims } from './claims.ts';
import { claimsSignedWith } from './hs256.ts';
import type { KeySet } from './jwks.ts';

/**
 * Seconds by which the issuer's clock may be ahead of ours: a token is good that much before its `nbf`. There is no
 * such grace after `exp`, so that a token ends at one instant for REST, for the cache and for open sockets.
 */
export const clockToleranceSeconds = 5;

/** What vouches for a token: the shared secret, or the issuer's published keys. */
export type SignedBy = 'secret' | 'jwks';

export interface SignedClaims {
  readonly claims: Claims;
  readonly signedBy: SignedBy;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface TokenKeys {
  /** For HS256 alone; null: no HS256 token is good. */
  readonly secret: Uint8Array | null;
  /** For ES256 and RS256 alone; null: no such token is good. */
  readonly keySet: KeySet | null;
}

type Key = CryptoKey | KeyObject;

/** One way to verify: its algorithms are fixed here, and only its own keys are ever tried with them. */
interface Lane {
  readonly signedBy: SignedBy;
  readonly algorithms: string[];
  verify(token: string, header: Readonly<JWSHeaderParameters>): Claims | Promise<Claims>;
}

/** The last instant of the year 9999: beyond it a time can't be written in RFC 3339. */
const latest = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * Makes the check of signature, `exp` and `nbf`.
 * @throws (the check) Refusal `invalid_token`, `token_expired`, `unavailable`
 */
export function createSignatureCheck(
  keys: TokenKeys,
  clock: Clock,
): (token: string) => Promise<SignedClaims> {
  const lanes = configuredLanes(keys, clock);
  const readHeader = createHeaderReader();
  return async (token) => {
    try {
      const header = readHeader(token);
      // The header picks among what is configured; it never adds an algorithm, nor a key to one.
      const lane = lanes.find(
        ({ algorithms }) => header.alg !== undefined && algorithms.includes(header.alg),
      );
      if (lane === undefined) throw new Refusal('invalid_token');
      const claims = await lane.verify(token, header);
      return { claims, signedBy: lane.signedBy, expiresAt: readExpiry(claims, clock) };
    } catch (error) {
      throw asRefusal(error);
    }
  };
}

/** Of headers and their characters, at most: an issuer has few, and short ones. */
const maxHeaders = 32;
const maxHeaderLength = 512;

/** Decodes the headers of tokens, each once as long as there are few: all tokens that a key signed begin alike. */
function createHeaderReader(): (token: string) => Readonly<JWSHeaderParameters> {
  const known = new Map<string, Readonly<JWSHeaderParameters>>();
  return (token) => {
    const encoded = token.slice(0, token.indexOf('.') + 1);
    const found = known.get(encoded);
    if (found !== undefined) return found;
    const header = Object.freeze(decodeProtectedHeader(token));
    if (encoded === '' || encoded.length > maxHeaderLength) return header;
    // Whoever makes up new ones costs others theirs, and no memory.
    if (known.size >= maxHeaders) known.clear();
    known.set(encoded, header);
    return header;
  };
}

function configuredLanes({ secret, keySet }: TokenKeys, clock: Clock): Lane[] {
  const lanes: Lane[] = [];
  if (secret !== null) {
    const key = createSecretKey(secret);
    lanes.push({
      signedBy: 'secret',
      algorithms: ['HS256'],
      verify: (token, { crit }) => {
        // Whoever asks for more than a signature is told that it is not understood (RFC 7515, 4.1.11).
        if (crit !== undefined) throw new Refusal('invalid_token');
        return checkTimes(claimsSignedWith(key, token), clock);
      },
    });
  }
  if (keySet !== null) {
    const algorithms = ['ES256', 'RS256'];
    lanes.push({
      signedBy: 'jwks',
      algorithms,
      verify: async (token, header) => verifyWithAny(token, await keySet.keysFor(header), algorithms, clock),
    });
  }
  return lanes;
}

/** As `jose` does: its times are numbers, and it is good already. */
function checkTimes(claims: Claims, clock: Clock): Claims {
  const { iat, nbf = 0 } = claims;
  const isNumber = typeof nbf === 'number' && (iat === undefined || typeof iat === 'number');
  if (!isNumber || nbf > Math.floor(clock.now() / 1000) + clockToleranceSeconds)
    throw new Refusal('invalid_token');
  return claims;
}

async function verifyWithAny(
  token: string,
  keys: readonly Key[],
  algorithms: string[],
  clock: Clock,
): Promise<Claims> {
  const options = {
    algorithms,
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(clock.now()),
  };
  for (const key of keys) {
    try {
      const { payload } = await jwtVerify(token, key, options);
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new Refusal('invalid_token');
}

/** Needs an `exp`, and one that is to come. */
function readExpiry({ exp }: Claims, clock: Clock): number {
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw new Refusal('invalid_token');
  if (exp * 1000 <= clock.now()) throw new Refusal('token_expired');
  return Math.min(exp * 1000, latest);
}

/** Whatever is wrong with a token is its bearer's affair; the cause is kept for whoever logs. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal(error instanceof errors.JWTExpired ? 'token_expired' : 'invalid_token', {
    cause: error,
  });
}
