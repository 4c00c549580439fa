/** What the tests of this folder share: an issuer with real keys and a real address, and observers of the rest. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import type { TokenIdentity } from '../config.ts';
import type { UserActor } from '../messaging/actor.ts';

/** Long enough for any HMAC, so that a token signed by the wrong one is refused for that alone. */
export const secret = 'a-shared-secret-'.repeat(4);
export const startTime = Date.UTC(2026, 0, 1);
export const startSeconds = startTime / 1000;

/** A clock that the test moves. */
export function createClock() {
  let time = startTime;
  return { now: () => time, advance: (ms: number) => void (time += ms) };
}

export interface SigningKey {
  readonly kid: string;
  readonly alg: 'ES256' | 'RS256';
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function createSigningKey(kid: string, alg: SigningKey['alg'] = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** A token's payload; what is `undefined` is left out of the token. */
export type TestClaims = { readonly [K in keyof JWTPayload]: JWTPayload[K] | undefined };

/** The claims of a Supabase user's token, good for an hour. */
export const userClaims = (changes: TestClaims = {}): JWTPayload => {
  const claims = {
    sub: 'ada',
    aud: 'authenticated',
    role: 'authenticated',
    iat: startSeconds,
    exp: startSeconds + 3600,
  };
  return Object.fromEntries(
    Object.entries({ ...claims, ...changes }).filter(([, value]) => value !== undefined),
  );
};

export const signWithSecret = (claims: JWTPayload, key = secret, alg = 'HS256'): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(new TextEncoder().encode(key));

export const signWithKey = (claims: JWTPayload, { alg, kid, privateKey }: SigningKey): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(privateKey);

/** An issuer's key set at a real address; `answer` says what it gives. */
export async function startIssuer(...keys: SigningKey[]) {
  const issuer = {
    fetches: 0,
    answer: () => publish(keys),
    publish: (...next: SigningKey[]) => publish(next),
  };
  const server = createServer((_request, response) => {
    issuer.fetches++;
    const { status, body } = issuer.answer();
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return Object.assign(issuer, { url: `http://127.0.0.1:${address.port}/jwks.json`, close });
}

const publish = (keys: readonly SigningKey[]) => ({
  status: 200,
  body: JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }),
});

/** Remembers what it is told to keep, or fails while `error` is set. */
export function createProfiles() {
  const profiles = {
    saved: [] as { user: UserActor; issuedAt: number }[],
    error: null as Error | null,
    saveProfile(user: UserActor, issuedAt: number): Promise<boolean> {
      if (profiles.error !== null) return Promise.reject(profiles.error);
      profiles.saved.push({ user, issuedAt });
      return Promise.resolve(true);
    },
  };
  return profiles;
}

/** A log that remembers the messages written to it. */
export function createLog() {
  const messages: string[] = [];
  const write = (...parts: unknown[]) =>
    void messages.push(parts.filter((part) => typeof part === 'string').join(' '));
  return { log: { warn: write, info: write }, messages };
}

export const tokenIdentity = (changes: Partial<TokenIdentity> = {}): TokenIdentity => ({
  kind: 'tokens',
  secret: null,
  jwksUrl: null,
  audience: 'authenticated',
  issuer: null,
  serviceKey: null,
  ...changes,
});
