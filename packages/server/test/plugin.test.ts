/** Parley inside an application that somebody has: both work, neither changes the other, and they end together. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { endChildren, startNode } from './support/child.ts';
import { TestClient } from './support/client.ts';
import { addHostSocket, startHostApp, type HostApp } from './support/host-app.ts';
import { createDatabase, type TestDatabase } from './support/postgres.ts';
import { TestSocket, tryUpgrade } from './support/socket.ts';

const secret = 'a secret of the host and of nobody else';
const hostProgram = fileURLToPath(new URL('support/host-app.ts', import.meta.url));

const tokenOf = (sub: string): Promise<string> =>
  new SignJWT({ user_metadata: { name: sub } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setAudience('authenticated')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));

let database: TestDatabase;
let dataDir: string;
let ann: string;
let bob: string;

beforeAll(async () => {
  [database, dataDir, ann, bob] = await Promise.all([
    createDatabase(),
    mkdtemp(join(tmpdir(), 'parley-plugin-')),
    tokenOf('ann'),
    tokenOf('bob'),
  ]);
});
afterAll(async () => {
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const settings = () => ({
  PATH: process.env['PATH'],
  DATABASE_URL: database.url,
  JWT_SECRET: secret,
  PARLEY_DATA_DIR: dataDir,
  LOG_LEVEL: 'warn',
  RATE_LIMITS: 'off',
});

describe.each(['/api', '/chat/v1'])('under %s', (prefix) => {
  let host: HostApp;
  let client: TestClient;

  beforeEach(async () => {
    host = await startHostApp(prefix, settings());
    client = new TestClient(host.origin, ann);
  });
  afterEach(() => host.app.close());

  test('two people talk over REST and WebSocket, and attachments are found under the prefix', async () => {
    const socket = await TestSocket.open(host.origin, bob, { prefix });
    const byPath = await TestSocket.open(host.origin, bob, { prefix, dial: 'path' });
    const { status, body: group } = await client.post(`${prefix}/conversations`, {
      type: 'group',
      participant_ids: ['bob'],
    });
    expect(status).toBe(201);
    const form = new FormData();
    form.set('file', new Blob(['notes\n'], { type: 'text/plain' }), 'notes.txt');
    const { body: message } = await client.post(`${prefix}/conversations/${group.id}/upload`, form);
    const { url } = message.metadata.attachment;
    expect(url.startsWith(`${prefix}/files/`)).toBe(true);
    expect(await client.get(url)).toMatchObject({ status: 200, body: 'notes\n' });
    expect((await socket.next('new_message')).message).toEqual(message);
    expect((await byPath.next('new_message')).message).toEqual(message);
    const edited = await client.put(
      `${prefix}/messages/${message.id}`,
      new URLSearchParams({ content: 'edited by form' }),
    );
    expect(edited).toMatchObject({ status: 200, body: { content: 'edited by form' } });
  });

  test('errors under the prefix are Parley’s own, with its codes', async () => {
    const path = `${prefix}/conversations`;
    const malformed = await fetch(`${host.origin}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann}`, 'content-type': 'application/json' },
      body: '{',
    });
    expect([malformed.status, await malformed.json()]).toEqual([
      400,
      { detail: expect.any(String), code: 'malformed_body' },
    ]);
    expect(await client.post(path, { type: 'crowd' })).toMatchObject({
      status: 422,
      body: { code: 'validation_failed', errors: [{ path: '/type' }] },
    });
    expect(await client.get(`${prefix}/nowhere`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await new TestClient(host.origin, 'nonsense').get(path)).toMatchObject({
      status: 401,
      body: { code: 'invalid_token' },
    });
    expect(await tryUpgrade(`${host.origin}${prefix}/ws`)).toMatchObject({
      status: 401,
      body: { code: 'token_missing' },
    });
  });

  test('the host’s routes, parsing, checks, errors and 404 are as they were, and need no token', async () => {
    const plain = new TestClient(host.origin, 'no-token-of-theirs');
    expect(await plain.get('/hello')).toMatchObject({ status: 200, body: { hello: 'from the host' } });
    expect(await plain.get('/later')).toMatchObject({ status: 200 });
    expect(await plain.post('/echo', { a: 1 })).toMatchObject({ body: { parsedByTheHost: '{"a":1}' } });
    expect(await plain.get('/checked?number=7')).toMatchObject({ status: 200, body: { number: 7 } });
    expect(await plain.get('/checked?number=seven')).toMatchObject({ status: 418 });
    expect(await plain.get('/broken')).toMatchObject({ status: 418, body: { host: 'broken on purpose' } });
    expect(await plain.get('/nowhere')).toMatchObject({ status: 404, body: { host: 'nothing here' } });
    for (const path of [
      '/',
      '/parley-chat.js',
      '/config.json',
      '/healthz',
      '/metrics',
      '/docs',
      '/openapi.json',
      '/demo/token',
      '/demo/people',
    ]) {
      expect(await plain.get(path)).toMatchObject({ status: 404, body: { host: 'nothing here' } });
    }
    const { headers } = await plain.get('/hello');
    expect(headers.get('x-host')).toBe('yes');
    expect([...headers.keys()].filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
  });

  test('the host’s own WebSocket beside it works, and an upgrade that is nobody’s is an ordinary request', async () => {
    const h2c = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect(await tryUpgrade(`${host.origin}/hello`, h2c)).toMatchObject({
      status: 200,
      body: { hello: 'from the host' },
    });
    addHostSocket(host.app);
    const live = new WebSocket(`${host.origin.replace('http', 'ws')}/live`);
    await once(live, 'open');
    const socket = await TestSocket.open(host.origin, ann, { prefix });
    live.send('hello, host');
    const [data] = (await once(live, 'message')) as [Buffer];
    expect(data.toString()).toBe('hello, host');
    await socket.settled();
    const ended = once(live, 'close');
    live.close();
    await ended;
  });

  test('closing the application sends everybody away with 1001 and does not take long', async () => {
    const sockets = await Promise.all(
      [ann, bob, ann].map((token) => TestSocket.open(host.origin, token, { prefix })),
    );
    const since = performance.now();
    const codes = Promise.all(sockets.map((socket) => socket.closed()));
    await host.app.close();
    expect(await codes).toEqual([1001, 1001, 1001]);
    expect(performance.now() - since).toBeLessThan(3000);
    await expect(fetch(`${host.origin}/hello`)).rejects.toThrow('fetch failed');
  });
});

describe('a process of its own', () => {
  afterEach(endChildren);

  test('ends by itself once the application is closed: nothing of Parley’s keeps it alive', async () => {
    const child = startNode(hostProgram, ['/api'], { env: settings() });
    const origin = await child.line();
    const socket = await TestSocket.open(origin, ann);
    const client = new TestClient(origin, ann);
    const group = await client.group({ id: 'bob' });
    await client.say(group.id, 'hello');
    socket.send({ type: 'typing_start', conversation_id: group.id });
    await socket.settled();
    child.process.stdin?.write('close\n');
    expect(await child.line()).toBe('closed');
    expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
    expect(await socket.closed()).toBe(1001);
  });

  test.for(['production', 'staging'])(
    'that lacks a setting in %s is told which, and ends',
    async (environment) => {
      const { JWT_SECRET: _, ...incomplete } = settings();
      const child = startNode(hostProgram, ['/api'], { env: { ...incomplete, NODE_ENV: environment } });
      const { code, stderr } = await child.ended;
      expect(code).not.toBe(0);
      expect(stderr).toContain('No identity is configured');
    },
  );
});
