/** Who somebody is to Parley, by the token that they bring: over HTTP, on a running server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Participant } from '@parley/protocol';
import { endChildren, startNode } from './support/child.ts';
import { TestClient, type Answer } from './support/client.ts';
import { createDatabase } from './support/postgres.ts';
import { startServer, type TestServer } from './support/server.ts';
import { TestSocket } from './support/socket.ts';

const secret = 'the secret of a Supabase project, 32+ bytes';
const serviceKey = 'sb_secret_opaque-key-of-the-new-kind';
const now = () => Math.floor(Date.now() / 1000);

/** What Supabase puts into the token of somebody signed in. */
const claimsOf = (sub: string, more: JWTPayload = {}): JWTPayload => ({
  iss: 'https://project.supabase.co/auth/v1',
  sub,
  aud: 'authenticated',
  role: 'authenticated',
  email: `${sub}@example.com`,
  iat: now(),
  exp: now() + 3600,
  app_metadata: { provider: 'email' },
  user_metadata: {},
  ...more,
});

const sign = (claims: JWTPayload, key = secret): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new TextEncoder().encode(key));

let server: TestServer;
const as = (token: string): TestClient => new TestClient(server.origin, token);
const someone = async (sub: string, more: JWTPayload = {}): Promise<TestClient> =>
  as(await sign(claimsOf(sub, more)));

beforeAll(async () => {
  server = await startServer({
    JWT_SECRET: '',
    SUPABASE_JWT_SECRET: secret,
    SUPABASE_SERVICE_KEY: serviceKey,
    RATE_LIMITS: JSON.stringify({ general: { student: [1000, 60], admin: [2000, 60] } }),
  });
});
afterAll(() => server.close());

const refusal = ({ status, headers, body }: Answer) => ({
  status,
  code: body.code,
  detail: body.detail,
  challenge: headers.get('www-authenticate'),
});

describe('a token', () => {
  test('of Supabase says who somebody is', async () => {
    const { status, body } = await (await someone('ann')).post('/api/conversations', { type: 'group' });
    expect([status, body.created_by]).toEqual([201, 'ann']);
  });

  test.each<[string, () => Promise<string> | string]>([
    [
      'signed with another secret',
      () => sign(claimsOf('ann'), 'some other secret, also of 32 bytes or more'),
    ],
    ['signed by nobody (alg none)', () => new UnsecuredJWT(claimsOf('ann')).encode()],
    ['for another audience', () => sign(claimsOf('ann', { aud: 'somebody-else' }))],
    ['for no audience', () => sign({ sub: 'ann', exp: now() + 60 })],
    ['that never ends', () => sign({ sub: 'ann', aud: 'authenticated' })],
    ['that names nobody', () => sign(claimsOf('', {}))],
    ['that pretends to be the system', () => sign(claimsOf('system'))],
    ['whose name no path can have, so that nobody could remove them', () => sign(claimsOf('..'))],
    [
      'that is Supabase’s public key',
      () => sign({ role: 'anon', iss: 'supabase', iat: now(), exp: now() + 60 }),
    ],
    [
      'signed with a key pair that is nobody’s',
      async () => {
        const { privateKey } = await generateKeyPair('ES256');
        return new SignJWT(claimsOf('ann'))
          .setProtectedHeader({ alg: 'ES256', kid: 'mine' })
          .sign(privateKey);
      },
    ],
    [
      'of another algorithm of the same family',
      () =>
        new SignJWT(claimsOf('ann'))
          .setProtectedHeader({ alg: 'HS512' })
          .sign(new TextEncoder().encode(secret.repeat(2))),
    ],
    [
      'that was tampered with',
      async () => {
        const [head, , signature] = (await sign(claimsOf('ann'))).split('.');
        return [head, Buffer.from(JSON.stringify(claimsOf('bob'))).toString('base64url'), signature].join(
          '.',
        );
      },
    ],
    ['that is none', () => 'nonsense'],
  ])('%s is refused', async (_name, make) => {
    expect(refusal(await as(await make()).get('/api/conversations'))).toEqual({
      status: 401,
      code: 'invalid_token',
      detail: 'Invalid token',
      challenge: 'Bearer',
    });
  });

  test('that has expired says so, and one that will expire stops working then', async () => {
    const expired = {
      status: 401,
      code: 'token_expired',
      detail: 'The token has expired',
      challenge: 'Bearer',
    };
    expect(refusal(await (await someone('ann', { exp: now() - 1 })).get('/api/conversations'))).toEqual(
      expired,
    );
    const short = await someone('ann', { exp: now() + 2 });
    // Even where it is remembered as a good one.
    expect((await short.get('/api/conversations')).status).toBe(200);
    await expect
      .poll(async () => refusal(await short.get('/api/conversations')), { timeout: 5000 })
      .toEqual(expired);
  });

  test('that is missing says so, whatever stands in its place', async () => {
    const ask = async (headers: Record<string, string>) => {
      const answer = await fetch(`${server.origin}/api/conversations`, { headers });
      const body: { code?: string } = JSON.parse(await answer.text());
      return [answer.status, body.code, answer.headers.get('www-authenticate')];
    };
    expect(await ask({})).toEqual([401, 'token_missing', 'Bearer']);
    expect(await ask({ authorization: 'Basic YTpi' })).toEqual([401, 'invalid_token', 'Bearer']);
    expect(await ask({ authorization: 'Bearer' })).toEqual([401, 'invalid_token', 'Bearer']);
    // Nobody is let in by an address, which logs and histories keep.
    const token = await sign(claimsOf('ann'));
    const byQuery = await fetch(`${server.origin}/api/conversations?token=${token}`);
    expect(byQuery.status).toBe(401);
  });

  test('is taken whatever the case of its scheme', async () => {
    const authorization = `bearer ${await sign(claimsOf('ann'))}`;
    expect((await fetch(`${server.origin}/api/conversations`, { headers: { authorization } })).status).toBe(
      200,
    );
  });
});

describe('the service role', () => {
  test.each<[string, () => Promise<string> | string]>([
    ['the service key itself', () => serviceKey],
    [
      'a token of role service_role',
      () => sign({ role: 'service_role', iss: 'supabase', iat: now(), exp: now() + 60 }),
    ],
  ])('%s acts as the system, anywhere, and is not limited', async (_name, make) => {
    const group = await (await someone('ann')).group({ id: 'bob' });
    const service = as(await make());
    const answer = await service.post(`/api/conversations/${group.id}/messages`, {
      content: 'Welcome',
      message_type: 'system',
    });
    expect(answer).toMatchObject({ status: 201, body: { sender_id: 'system', message_type: 'system' } });
    expect(answer.headers.get('x-ratelimit-limit')).toBeNull();
  });

  test('cannot be had by what somebody writes into their own profile', async () => {
    const group = await (await someone('ann')).group({ id: 'bob' });
    const imposter = await someone('eve', {
      user_metadata: { role: 'service_role' },
      app_metadata: { role: 'service_role' },
    });
    expect((await imposter.get(`/api/conversations/${group.id}`)).status).toBe(403);
  });
});

describe('a profile', () => {
  const profileOf = async (client: TestClient, conversationId: string, id: string) => {
    const { body } = await client.get(`/api/conversations/${conversationId}/participants`);
    const { display_name, avatar_url } = body.participants.find(({ user_id }: Participant) => user_id === id);
    return { display_name, avatar_url };
  };

  test.each([
    ['full_name', { full_name: 'Ada Lovelace', name: 'ada' }, 'Ada Lovelace'],
    ['name', { name: 'ada' }, 'ada'],
    ['the local part of the e-mail', {}, 'ada'],
  ])('takes the name from %s', async (source, user_metadata, name) => {
    const id = `named-${source.length}`;
    const client = await someone(id, { email: 'ada@example.com', user_metadata });
    const group = await client.group();
    expect(await profileOf(client, group.id, id)).toEqual({ display_name: name, avatar_url: null });
  });

  test('without any of them is the id, as of somebody who was never seen', async () => {
    const client = await someone('anonymous-1', { email: '' });
    const group = await client.group({ id: 'never-seen' });
    expect((await profileOf(client, group.id, 'anonymous-1')).display_name).toBe('anonymous-1');
    expect((await profileOf(client, group.id, 'never-seen')).display_name).toBe('never-seen');
  });

  test('changes for everybody with a newer token, in messages sent before too, and not back with an older one', async () => {
    const bob = await someone('bob');
    const older = await someone('cy', { iat: now() - 60, user_metadata: { full_name: 'Cy' } });
    const group = await bob.group({ id: 'cy' });
    const message = await older.say(group.id, 'hello');
    expect(message.sender_name).toBe('Cy');

    const avatar_url = 'https://example.com/cy.png';
    const newer = await someone('cy', { iat: now() - 5, user_metadata: { full_name: 'Cyrus', avatar_url } });
    await newer.get('/api/conversations');
    expect(await profileOf(bob, group.id, 'cy')).toEqual({ display_name: 'Cyrus', avatar_url });
    const namesIn = async () => {
      const { body } = await bob.get(`/api/conversations/${group.id}/messages`);
      return body.messages.map(({ sender_name }: { sender_name: string }) => sender_name);
    };
    expect(await namesIn()).toEqual(['Cyrus']);
    expect((await newer.say(group.id, 'it is me')).sender_name).toBe('Cyrus');

    // A device that still has the older one, and a new older one.
    await older.get('/api/conversations');
    await (
      await someone('cy', { iat: now() - 30, user_metadata: { full_name: 'C.' } })
    ).get('/api/conversations');
    expect(await namesIn()).toEqual(['Cyrus', 'Cyrus']);
  });

  test('changes by tokens that do not say when they were issued, and by two of the same second', async () => {
    const bob = await someone('bob');
    const group = await bob.group({ id: 'undated' }, { id: 'dated' });
    const seenAs = async (id: string, claims: JWTPayload): Promise<string> => {
      await as(await sign(claims)).get('/api/conversations');
      return (await profileOf(bob, group.id, id)).display_name;
    };
    const undated = (full_name: string): JWTPayload => {
      const { iat: _issued, ...claims } = claimsOf('undated', { user_metadata: { full_name } });
      return claims;
    };
    expect(await seenAs('undated', undated('Dee'))).toBe('Dee');
    expect(await seenAs('undated', undated('Deirdre'))).toBe('Deirdre');
    const iat = now() - 1;
    const dated = (full_name: string) => claimsOf('dated', { iat, user_metadata: { full_name } });
    expect(await seenAs('dated', dated('Eve'))).toBe('Eve');
    expect(await seenAs('dated', dated('Evelyn'))).toBe('Evelyn');
  });

  test('has no avatar that could run in somebody’s browser', async () => {
    const client = await someone('mallory', { user_metadata: { avatar_url: 'javascript:alert(1)' } });
    const group = await client.group();
    expect((await profileOf(client, group.id, 'mallory')).avatar_url).toBeNull();
  });
});

test('the application role is that of app_metadata, which only the issuer writes: limits show it', async () => {
  const limitOf = async (more: JWTPayload) => {
    const client = await someone(`role-${JSON.stringify(more).length}-${Math.random()}`, more);
    return (await client.get('/api/conversations')).headers.get('x-ratelimit-limit');
  };
  expect(await limitOf({ app_metadata: { role: 'admin' } })).toBe('2000');
  expect(await limitOf({ user_metadata: { role: 'admin' } })).toBe('1000');
  expect(await limitOf({ role: 'admin' })).toBe('1000');
  expect(await limitOf({ app_metadata: { role: 'emperor' } })).toBe('1000');
  expect(await limitOf({ app_metadata: 'admin' })).toBe('1000');
});

describe('the log', () => {
  const program = fileURLToPath(new URL('../bin/parley.js', import.meta.url));
  afterEach(endChildren);

  test('of a busy server at level info holds ids, and neither tokens nor what people write', async () => {
    const [database, dataDir] = await Promise.all([createDatabase(), mkdtemp(join(tmpdir(), 'parley-log-'))]);
    const child = startNode(program, ['start'], {
      cwd: dataDir,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        HOST: '127.0.0.1',
        LOG_LEVEL: 'info',
        DATABASE_URL: database.url,
        PARLEY_DATA_DIR: dataDir,
        SUPABASE_JWT_SECRET: secret,
        SUPABASE_SERVICE_KEY: serviceKey,
      },
    });
    const origin = /http:\S+/.exec(await untilReady(child))?.[0] ?? '';
    const token = await sign(claimsOf('logged-person'));
    const wrong = await sign(claimsOf('logged-person'), 'some other secret, also of 32 bytes or more');
    const client = new TestClient(origin, token);
    const conversation = await busyFor(client, origin, token, wrong);
    child.process.kill('SIGTERM');
    const { code, stdout, stderr } = await child.ended;
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('logged-person');
    expect(stdout).toContain(conversation);
    for (const private_ of [
      token,
      wrong,
      serviceKey,
      secret,
      database.url,
      'SECRET-',
      ...token.split('.').slice(1),
    ]) {
      expect(stdout).not.toContain(private_);
    }
    for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), time: expect.any(String) });
    }
  });

  /** Does everything that could end in a log line, right and wrong. Answers the conversation's id. */
  async function busyFor(client: TestClient, origin: string, token: string, wrong: string): Promise<string> {
    const group = (await client.post('/api/conversations', { type: 'group', title: 'SECRET-title' })).body;
    const path = `/api/conversations/${group.id}`;
    const message = await client.say(group.id, 'SECRET-text', {
      metadata: { note: 'SECRET-note' },
      client_id: 'SECRET-id',
    });
    await client.put(`/api/messages/${message.id}`, { content: 'SECRET-edit' });
    await client.post(`${path}/messages`, { content: 7, metadata: 'SECRET-wrong' });
    await client.post(`${path}/messages?content=SECRET-query`, { content: 'SECRET-text' });
    await client.get(`/api/nowhere/SECRET-path?token=${token}`);
    const form = new FormData();
    form.set('file', new Blob(['SECRET-file\n'], { type: 'text/plain' }), 'SECRET-name.txt');
    await client.post(`${path}/upload`, form);
    await new TestClient(origin, wrong).get('/api/conversations');
    await new TestClient(origin, serviceKey).get('/api/conversations');
    await client.get(`/api/ws/${token}`);
    await client.get(`/api/ws?token=${token}`);
    for (const dial of ['header', 'query', 'path', 'subprotocol'] as const) {
      const socket = await TestSocket.open(origin, token, { dial });
      socket.send({
        type: 'send_message',
        conversation_id: group.id,
        content: 'SECRET-by-socket',
        request_id: 'r',
      });
      await socket.answerTo('r');
      socket.send('SECRET-nonsense');
      socket.send({ type: 'refresh_token', token: wrong });
      await socket.settled();
      socket.close();
      await socket.closed();
    }
    return group.id;
  }

  async function untilReady(child: { line(): Promise<string> }): Promise<string> {
    for (;;) {
      const line = await child.line();
      if (line.includes('is ready on')) return line;
    }
  }
});
