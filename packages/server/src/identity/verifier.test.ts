import { createHmac } from 'node:crypto';
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  double,
  jsonValue,
  oneof,
  record,
  string,
} from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { serviceActor } from '../messaging/actor.ts';
import { signDemoToken } from './demo.ts';
import {
  createClock,
  createLog,
  createProfiles,
  secret,
  signWithSecret,
  startSeconds,
  startTime,
  tokenIdentity,
  userClaims,
} from './testing.ts';
import { createVerifier } from './verifier.ts';

function setUp(identity = tokenIdentity({ secret }), cacheSize?: number) {
  const clock = createClock();
  const profiles = createProfiles();
  const { log, messages } = createLog();
  const parts = { demoSecret: null, profiles, clock, log, ...(cacheSize !== undefined && { cacheSize }) };
  return { verifier: createVerifier(identity, parts), clock, profiles, messages };
}

const refusal = (code: string) => expect.objectContaining({ name: 'Refusal', code });

test('a Supabase token says who its bearer is, until when, and keeps their profile', async () => {
  const { verifier, profiles } = setUp();
  const claims = userClaims({
    email: 'ada@example.com',
    app_metadata: { role: 'teacher' },
    user_metadata: { full_name: 'Ada Lovelace', avatar_url: 'https://example.com/a.png', role: 'admin' },
  });
  const actor = {
    kind: 'user',
    userId: 'ada',
    displayName: 'Ada Lovelace',
    avatarUrl: 'https://example.com/a.png',
    appRole: 'teacher',
  };
  const identity = await verifier.verify(await signWithSecret(claims));
  expect(identity).toEqual({ actor, expiresAt: startTime + 3_600_000 });
  expect(profiles.saved).toEqual([{ user: actor, issuedAt: startSeconds }]);
});

const unsigned = (claims = userClaims()) => new UnsecuredJWT(claims).encode();
const tampered = async () => {
  const [header, , signature] = (await signWithSecret(userClaims())).split('.');
  return [header, unsigned(userClaims({ sub: 'eve' })).split('.')[1], signature].join('.');
};

test.each<[string, () => string | Promise<string>]>([
  ['is not signed', unsigned],
  [
    'is signed with another secret',
    () => signWithSecret(userClaims(), 'another-secret-of-more-than-32-bytes'),
  ],
  ['is signed with another algorithm', () => signWithSecret(userClaims(), secret, 'HS512')],
  ['was changed after signing', tampered],
  ['is not a token', () => 'nonsense'],
  ['is a header alone', async () => (await signWithSecret(userClaims())).split('.')[0] + '..'],
  ['is longer than any header', () => 'a'.repeat(20_000)],
  ['never expires', () => signWithSecret(userClaims({ exp: undefined }))],
  ['is for another audience', () => signWithSecret(userClaims({ aud: 'another-app' }))],
  ['is for no audience', () => signWithSecret(userClaims({ aud: undefined }))],
  ['is not good yet', () => signWithSecret(userClaims({ nbf: startSeconds + 60 }))],
  ["is nobody's", () => signWithSecret(userClaims({ sub: undefined }))],
  ['takes the name of the system', () => signWithSecret(userClaims({ sub: 'system' }))],
  ["is Supabase's public key", () => signWithSecret(userClaims({ role: 'anon', sub: undefined }))],
  ["is Supabase's public key with a name", () => signWithSecret(userClaims({ role: 'anon' }))],
])('nobody comes in with a token that %s', async (_case, make) => {
  const { verifier, profiles } = setUp(tokenIdentity({ secret, serviceKey: 'sb_secret_1' }));
  await expect(verifier.verify(await make())).rejects.toEqual(refusal('invalid_token'));
  expect(profiles.saved).toEqual([]);
});

test('where the issuer is known, only its tokens are good', async () => {
  const { verifier } = setUp(tokenIdentity({ secret, issuer: 'https://ours.example' }));
  const from = (iss: string | undefined) => signWithSecret(userClaims({ iss }));
  await expect(verifier.verify(await from('https://ours.example'))).resolves.toBeDefined();
  await expect(verifier.verify(await from('https://evil.example'))).rejects.toEqual(refusal('invalid_token'));
  await expect(verifier.verify(await from(undefined))).rejects.toEqual(refusal('invalid_token'));
});

test('a client hears whether its token is missing or has expired, so that it knows to refresh it', async () => {
  const { verifier } = setUp();
  await expect(verifier.verify('')).rejects.toEqual(refusal('token_missing'));
  const expired = await signWithSecret(userClaims({ exp: startSeconds }));
  await expect(verifier.verify(expired)).rejects.toEqual(refusal('token_expired'));
});

test('an expired token with a bad signature says nothing about its expiry', async () => {
  const { verifier } = setUp();
  const forged = await signWithSecret(
    userClaims({ exp: startSeconds - 60 }),
    'another-secret-of-more-than-32-bytes',
  );
  await expect(verifier.verify(forged)).rejects.toEqual(refusal('invalid_token'));
});

test("an issuer's clock may be 5 s ahead", async () => {
  const { verifier } = setUp();
  const ahead = (seconds: number) => signWithSecret(userClaims({ nbf: startSeconds + seconds }));
  await expect(verifier.verify(await ahead(5))).resolves.toBeDefined();
  await expect(verifier.verify(await ahead(6))).rejects.toEqual(refusal('invalid_token'));
});

test('an expiry beyond all calendars can still be written as a time', async () => {
  const { verifier } = setUp();
  const { expiresAt } = await verifier.verify(await signWithSecret(userClaims({ exp: 1e300 })));
  expect(new Date(expiresAt).toISOString()).toBe('9999-12-31T23:59:59.000Z');
});

test('the service key itself is the system, for ever, and nothing like it is', async () => {
  const { verifier, profiles } = setUp(tokenIdentity({ secret, serviceKey: 'sb_secret_1' }));
  await expect(verifier.verify('sb_secret_1')).resolves.toEqual({ actor: serviceActor, expiresAt: Infinity });
  await expect(verifier.verify('sb_secret_1')).resolves.toEqual({ actor: serviceActor, expiresAt: Infinity });
  await expect(verifier.verify('sb_secret_2')).rejects.toEqual(refusal('invalid_token'));
  await expect(verifier.verify('sb_secret_')).rejects.toEqual(refusal('invalid_token'));
  expect(profiles.saved).toEqual([]);
});

test("Supabase's older service keys work, which have neither sub nor aud nor the project's iss", async () => {
  const { verifier } = setUp(tokenIdentity({ secret, issuer: 'https://project.example/auth/v1' }));
  const claims = {
    iss: 'supabase',
    ref: 'project',
    role: 'service_role',
    iat: startSeconds,
    exp: startSeconds + 60,
  };
  const identity = await verifier.verify(await signWithSecret(claims));
  expect(identity).toEqual({ actor: serviceActor, expiresAt: startTime + 60_000 });
  const forged = await signWithSecret(claims, 'another-secret-of-more-than-32-bytes');
  await expect(verifier.verify(forged)).rejects.toEqual(refusal('invalid_token'));
  const { exp: _exp, ...endless } = claims;
  await expect(verifier.verify(await signWithSecret(endless))).rejects.toEqual(refusal('invalid_token'));
});

test('a verified token is remembered, and forgotten the moment it expires', async () => {
  const { verifier, clock, profiles } = setUp();
  const token = await signWithSecret(userClaims());
  const first = await verifier.verify(token);
  clock.advance(3_599_999);
  expect(await verifier.verify(token)).toBe(first);
  expect(profiles.saved).toHaveLength(1);
  clock.advance(1);
  await expect(verifier.verify(token)).rejects.toEqual(refusal('token_expired'));
  await expect(verifier.verify(token)).rejects.toEqual(refusal('token_expired'));
});

test('many requests with one new token at once cost one verification', async () => {
  const { verifier, profiles } = setUp();
  const token = await signWithSecret(userClaims());
  const identities = await Promise.all(Array.from({ length: 50 }, () => verifier.verify(token)));
  expect(new Set(identities).size).toBe(1);
  expect(profiles.saved).toHaveLength(1);
});

test('the memory of tokens is bounded; the least recently used goes first', async () => {
  const { verifier, profiles } = setUp(undefined, 2);
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((sub) => signWithSecret(userClaims({ sub }))));
  for (const token of [a, b, a, c, a, b]) await verifier.verify(String(token));
  expect(profiles.saved.map(({ user }) => user.userId)).toEqual(['a', 'b', 'c', 'b']);
});

test('a bad token is judged each time: a flood of them leaves the good ones remembered', async () => {
  const { verifier, profiles } = setUp(undefined, 1);
  const token = await signWithSecret(userClaims());
  await verifier.verify(token);
  await Promise.allSettled(Array.from({ length: 20 }, (_, i) => verifier.verify(`bad${i}`)));
  await verifier.verify(token);
  expect(profiles.saved).toHaveLength(1);
});

test('a database that is away signs nobody out, is told once, and gets the profile when it is back', async () => {
  const { verifier, profiles, messages } = setUp();
  const token = await signWithSecret(userClaims());
  profiles.error = new Error('connection refused');
  await expect(verifier.verify(token)).resolves.toMatchObject({ actor: { userId: 'ada' } });
  await expect(verifier.verify(token)).resolves.toMatchObject({ actor: { userId: 'ada' } });
  expect(messages).toHaveLength(1);
  profiles.error = null;
  await verifier.verify(token);
  await verifier.verify(token);
  expect(profiles.saved).toHaveLength(1);
  expect(messages).toHaveLength(2);
});

test('in demo mode the tokens that Parley signed are good, and no others', async () => {
  const demoSecret = new Uint8Array(32).fill(7);
  const { log } = createLog();
  const clock = { now: () => Date.now() };
  const verifier = createVerifier({ kind: 'demo' }, { demoSecret, profiles: createProfiles(), clock, log });
  const token = await signDemoToken(demoSecret, {
    userId: 'ada',
    name: 'Ada',
    role: 'teacher',
    lifetimeSeconds: 60,
  });
  const actor = { kind: 'user', userId: 'ada', displayName: 'Ada', avatarUrl: null, appRole: 'teacher' };
  await expect(verifier.verify(token)).resolves.toMatchObject({ actor });
  const foreign = await signDemoToken(new Uint8Array(32), { userId: 'ada', lifetimeSeconds: 60 });
  await expect(verifier.verify(foreign)).rejects.toEqual(refusal('invalid_token'));
  const over = await signDemoToken(demoSecret, { userId: 'ada', lifetimeSeconds: 0 });
  await expect(verifier.verify(over)).rejects.toEqual(refusal('token_expired'));
});

test('a key that a token brings along is not used', async () => {
  const { verifier } = setUp();
  const own = { kty: 'oct', k: Buffer.from('my-own-secret-of-more-than-32-bytes').toString('base64url') };
  const token = await new SignJWT(userClaims())
    .setProtectedHeader({ alg: 'HS256', jwk: own, jku: 'http://127.0.0.1:1/keys' })
    .sign(Buffer.from(own.k, 'base64url'));
  await expect(verifier.verify(token)).rejects.toEqual(refusal('invalid_token'));
});

test('whatever is sent as a token, signed or not, is refused and breaks nothing', async () => {
  const { verifier } = setUp();
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
  const part = oneof(
    string(),
    jsonValue().map(encode),
    constantFrom(encode({ alg: 'HS256' }), encode({ alg: 'HS256', b64: false, crit: ['b64'] })),
  );
  const refused = async (token: string) => {
    const code = expect.stringMatching(/^(invalid_token|token_missing)$/);
    await expect(verifier.verify(token)).rejects.toMatchObject({ name: 'Refusal', code });
  };
  await assert(
    asyncProperty(array(part, { minLength: 1, maxLength: 5 }), (parts) => refused(parts.join('.'))),
  );
  const header = { alg: 'HS256' };
  const signed = async (claims: unknown) => {
    const input = `${encode(header)}.${encode(claims)}`;
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  };
  await assert(asyncProperty(jsonValue(), async (claims) => refused(await signed(claims))));
  const odd = record({
    exp: constantFrom(startSeconds + 60, '1', null),
    sub: oneof(jsonValue(), constantFrom('system', '')),
    aud: jsonValue(),
  });
  await assert(asyncProperty(odd, async (claims) => refused(await signed({ ...claims, role: 'anon' }))));
});

test("whatever a token says about a person's profile, they come in", async () => {
  const { verifier } = setUp();
  const profile = record({
    user_metadata: jsonValue(),
    app_metadata: jsonValue(),
    email: jsonValue(),
    iat: double({ noNaN: true, noDefaultInfinity: true }),
  });
  const enters = async (claims: object) => {
    const identity = await verifier.verify(await signWithSecret(userClaims({ ...claims })));
    expect(identity).toMatchObject({ actor: { userId: 'ada', displayName: expect.stringMatching(/./su) } });
  };
  await assert(asyncProperty(profile, enters));
});

/** Signs any header and payload by the secret, as no library would. */
const signByHand = (header: object, payload: string): string => {
  const head = Buffer.from(JSON.stringify(header)).toString('base64url');
  const signed = `${head}.${Buffer.from(payload).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};
const good = () => JSON.stringify(userClaims());

test.each<[string, () => string]>([
  ['needs what is not understood', () => signByHand({ alg: 'HS256', crit: ['exp'] }, good())],
  [
    'says that its payload is not encoded',
    () => signByHand({ alg: 'HS256', crit: ['b64'], b64: false }, good()),
  ],
  ['is a list', () => signByHand({ alg: 'HS256' }, '[]')],
  ['is nothing', () => signByHand({ alg: 'HS256' }, 'null')],
  ['is no JSON', () => signByHand({ alg: 'HS256' }, '{')],
  ['has words for times', () => signByHand({ alg: 'HS256' }, JSON.stringify({ ...userClaims(), nbf: '0' }))],
  [
    'has no time of issue',
    () => signByHand({ alg: 'HS256' }, JSON.stringify({ ...userClaims(), iat: null })),
  ],
  ['has a part too many', () => `${signByHand({ alg: 'HS256' }, good())}.`],
  ['has parts before its own', () => `a.b.${signByHand({ alg: 'HS256' }, good())}`],
  ['spells its signature in another way', () => `${signByHand({ alg: 'HS256' }, good())}=`],
  ['has a signature cut short', () => signByHand({ alg: 'HS256' }, good()).slice(0, -1)],
  ['has an empty signature', () => signByHand({ alg: 'HS256' }, good()).replace(/[^.]+$/, '')],
])('the secret itself vouches for no token that %s', async (_case, make) => {
  const { verifier } = setUp();
  await expect(verifier.verify(signByHand({ alg: 'HS256' }, good()))).resolves.toBeDefined();
  await expect(verifier.verify(make())).rejects.toEqual(refusal('invalid_token'));
});
