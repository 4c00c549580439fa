import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { SignJWT } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { serviceActor } from '../messaging/actor.ts';
import {
  createClock,
  createLog,
  createProfiles,
  createSigningKey,
  secret,
  signWithKey,
  signWithSecret,
  startIssuer,
  startSeconds,
  tokenIdentity,
  userClaims,
  type SigningKey,
  type TestClaims,
} from './testing.ts';
import { createVerifier } from './verifier.ts';

const refusal = (code: string) => expect.objectContaining({ name: 'Refusal', code });

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function setUp(keys: SigningKey[], settings: Parameters<typeof tokenIdentity>[0] = {}) {
  const issuer = await startIssuer(...keys);
  const clock = createClock();
  const { log, messages } = createLog();
  const identity = tokenIdentity({ jwksUrl: issuer.url, ...settings });
  const verifier = createVerifier(identity, { demoSecret: null, profiles: createProfiles(), clock, log });
  closing.push(() => verifier.close(), issuer.close);
  return { issuer, clock, verifier, messages };
}

let tokens = 0;
/** A token not seen before, so that no cache answers for it. */
const fresh = (key: SigningKey, changes: TestClaims = {}) =>
  signWithKey(userClaims({ jti: String(tokens++), exp: startSeconds + 86_400, ...changes }), key);

const down = () => ({ status: 503, body: 'down' });

test.each(['ES256', 'RS256'] as const)(
  'tokens signed with %s are verified by the published keys',
  async (alg) => {
    const key = await createSigningKey('k1', alg);
    const { verifier, issuer } = await setUp([key]);
    await expect(verifier.verify(await fresh(key))).resolves.toMatchObject({ actor: { userId: 'ada' } });
    await expect(verifier.verify(await fresh(key))).resolves.toBeDefined();
    expect(issuer.fetches).toBe(1);
  },
);

test('during a move from a shared secret to published keys both kinds of token work', async () => {
  const key = await createSigningKey('k1');
  const { verifier } = await setUp([key], { secret });
  await expect(verifier.verify(await fresh(key))).resolves.toBeDefined();
  await expect(verifier.verify(await signWithSecret(userClaims()))).resolves.toBeDefined();
});

test.each([null, secret])(
  'a public key is never taken as the secret of an HS256 token (secret: %s)',
  async (ours) => {
    const key = await createSigningKey('k1', 'RS256');
    const { verifier } = await setUp([key], { secret: ours });
    const publicKey = createPublicKey({ key: { ...key.jwk }, format: 'jwk' });
    const forms = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(key.jwk),
      String(key.jwk.n),
    ];
    for (const form of forms) {
      const forged = await new SignJWT(userClaims())
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .sign(typeof form === 'string' ? new TextEncoder().encode(form) : new Uint8Array(form));
      await expect(verifier.verify(forged)).rejects.toEqual(refusal('invalid_token'));
    }
  },
);

test('a token is verified only in the way that is configured', async () => {
  const key = await createSigningKey('k1');
  const { verifier } = await setUp([key]);
  await expect(verifier.verify(await signWithSecret(userClaims()))).rejects.toEqual(refusal('invalid_token'));
  const bySecretAlone = await setUp([key], { secret, jwksUrl: null });
  await expect(bySecretAlone.verifier.verify(await fresh(key))).rejects.toEqual(refusal('invalid_token'));
  expect(bySecretAlone.issuer.fetches).toBe(0);
});

test('a key of the same name from somebody else opens nothing', async () => {
  const { verifier } = await setUp([await createSigningKey('k1')]);
  await expect(verifier.verify(await fresh(await createSigningKey('k1')))).rejects.toEqual(
    refusal('invalid_token'),
  );
});

test('an issuer that names no key in its tokens works, with several keys at once too', async () => {
  const [a, b] = await Promise.all([createSigningKey('a'), createSigningKey('b')]);
  const { verifier } = await setUp([a, b]);
  const sign = ({ privateKey }: SigningKey) =>
    new SignJWT(userClaims()).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
  await expect(verifier.verify(await sign(b))).resolves.toBeDefined();
  await expect(verifier.verify(await sign(await createSigningKey('c')))).rejects.toEqual(
    refusal('invalid_token'),
  );
});

test('a new key works as soon as the set may be fetched again', async () => {
  const [old, next] = await Promise.all([createSigningKey('old'), createSigningKey('next')]);
  const { verifier, issuer, clock } = await setUp([old]);
  await verifier.verify(await fresh(old));
  issuer.answer = () => issuer.publish(old, next);
  clock.advance(29_999);
  await expect(verifier.verify(await fresh(next))).rejects.toEqual(refusal('invalid_token'));
  expect(issuer.fetches).toBe(1);
  clock.advance(1);
  const both = await Promise.allSettled([
    verifier.verify(await fresh(next)),
    verifier.verify(await fresh(next)),
  ]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  expect(issuer.fetches).toBe(2);
});

test('made-up key names make at most one fetch in 30 s', async () => {
  const [ours, foreign] = await Promise.all([createSigningKey('ours'), createSigningKey('foreign')]);
  const { verifier, issuer, clock } = await setUp([ours]);
  await verifier.verify(await fresh(ours));
  clock.advance(30_000);
  for (let i = 0; i < 20; i++) {
    const forged = await fresh({ ...foreign, kid: `made-up-${i}` });
    await expect(verifier.verify(forged)).rejects.toEqual(refusal('invalid_token'));
  }
  expect(issuer.fetches).toBe(2);
});

test('a revoked key stops working within 10 minutes', async () => {
  const [old, next] = await Promise.all([createSigningKey('old'), createSigningKey('next')]);
  const { verifier, issuer, clock } = await setUp([old]);
  await verifier.verify(await fresh(old));
  issuer.answer = () => issuer.publish(next);
  clock.advance(599_999);
  await expect(verifier.verify(await fresh(old))).resolves.toBeDefined();
  expect(issuer.fetches).toBe(1);
  clock.advance(1);
  await expect(verifier.verify(await fresh(old))).rejects.toEqual(refusal('invalid_token'));
  expect(issuer.fetches).toBe(2);
});

test.each([
  ['answers with an error', down],
  ['answers with a page', () => ({ status: 200, body: '<html>' })],
  ['answers with something else', () => ({ status: 200, body: '{"keys": 7}' })],
])('an issuer that %s makes us unavailable, not the token bad', async (_case, answer) => {
  const key = await createSigningKey('k1');
  const { verifier, issuer, clock, messages } = await setUp([key]);
  const works = issuer.answer;
  issuer.answer = answer;
  const token = await fresh(key);
  const unavailable = expect.objectContaining({ code: 'unavailable', retryAfter: 2 });
  await expect(verifier.verify(token)).rejects.toEqual(unavailable);
  await expect(verifier.verify(token)).rejects.toEqual(unavailable);
  expect(issuer.fetches, 'a struggling issuer is not asked for every request').toBe(1);
  expect(messages).toHaveLength(1);
  issuer.answer = works;
  clock.advance(2000);
  await expect(verifier.verify(token)).resolves.toBeDefined();
  expect(messages).toHaveLength(2);
});

test('an issuer that nobody can reach makes us unavailable', async () => {
  const key = await createSigningKey('k1');
  const { verifier, issuer } = await setUp([key]);
  await issuer.close();
  closing.pop();
  await expect(verifier.verify(await fresh(key))).rejects.toEqual(refusal('unavailable'));
});

test('while the issuer is down, people with keys we know come in, and a new key is not called bad', async () => {
  const [known, next] = await Promise.all([createSigningKey('known'), createSigningKey('next')]);
  const { verifier, issuer, clock } = await setUp([known]);
  await verifier.verify(await fresh(known));
  clock.advance(30_000);
  issuer.answer = down;
  await expect(verifier.verify(await fresh(next))).rejects.toEqual(
    expect.objectContaining({ code: 'unavailable' }),
  );
  clock.advance(10_000);
  await expect(verifier.verify(await fresh(next))).rejects.toEqual(
    expect.objectContaining({ code: 'unavailable', retryAfter: 20 }),
  );
  await expect(verifier.verify(await fresh(known))).resolves.toBeDefined();
  expect(issuer.fetches).toBe(2);
});

test('somebody who is already in stays in while the issuer is down, past the age of its keys', async () => {
  const key = await createSigningKey('k1');
  const { verifier, issuer, clock } = await setUp([key]);
  const token = await fresh(key);
  await verifier.verify(token);
  issuer.answer = down;
  clock.advance(3_600_000);
  await expect(verifier.verify(token)).resolves.toBeDefined();
  await expect(verifier.verify(await fresh(key))).rejects.toEqual(refusal('unavailable'));
});

test('many first requests at once fetch the keys once', async () => {
  const key = await createSigningKey('k1');
  const { verifier, issuer } = await setUp([key]);
  const all = await Promise.all(Array.from({ length: 20 }, () => fresh(key)));
  await Promise.all(all.map((token) => verifier.verify(token)));
  expect(issuer.fetches).toBe(1);
});

test('closing gives up a fetch that hangs', async () => {
  const key = await createSigningKey('k1');
  const { log, messages } = createLog();
  const asked = Promise.withResolvers<void>();
  const fetchJwks = (_url: string, signal: AbortSignal) => {
    asked.resolve();
    return once(signal, 'abort').then(() => signal.throwIfAborted());
  };
  const identity = tokenIdentity({ jwksUrl: 'http://127.0.0.1:1/' });
  const parts = { demoSecret: null, profiles: createProfiles(), clock: createClock(), log, fetchJwks };
  const verifier = createVerifier(identity, parts);
  const answer = verifier.verify(await fresh(key));
  await asked.promise;
  verifier.close();
  await expect(answer).rejects.toEqual(refusal('unavailable'));
  expect(messages).toEqual([]);
});

test('a key set shared among many customers makes none of the others our system', async () => {
  const key = await createSigningKey('k1');
  const issuer = 'https://issuer.example/ours';
  const { verifier } = await setUp([key], { issuer });
  const service = { sub: undefined, role: 'service_role' };
  const ours = await fresh(key, { ...service, iss: issuer, aud: undefined });
  await expect(verifier.verify(ours)).resolves.toMatchObject({ actor: serviceActor });
  const theirs = await fresh(key, { ...service, iss: 'https://issuer.example/theirs', aud: undefined });
  await expect(verifier.verify(theirs)).rejects.toEqual(refusal('invalid_token'));
  const { verifier: unknownIssuer } = await setUp([key]);
  await expect(unknownIssuer.verify(ours)).rejects.toEqual(refusal('invalid_token'));
});
