/** What a client asks before anybody has signed in: how to, and in demo mode who else is here. */
import { WebConfig } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../src/messaging/validation.ts';
import { TestClient, type Json } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';

const checkConfig = compile(WebConfig);

async function configOf(env: Record<string, string>): Promise<{ config: Json; answer: Response }> {
  const server = await startServer(env);
  try {
    const answer = await fetch(`${server.origin}/config.json`, { headers: { origin: 'https://a.example' } });
    const config: Json = await answer.json();
    expect(checkConfig(config)).toMatchObject({ ok: true });
    return { config, answer };
  } finally {
    await server.close();
  }
}

describe('config.json', () => {
  test('any client from anywhere learns that a token is needed, and what it may upload', async () => {
    const { config, answer } = await configOf({
      CORS_ORIGINS: 'https://shop.example',
      MAX_FILE_SIZE: '1000',
      ALLOWED_FILE_TYPES: 'image/png,application/pdf',
    });
    expect(config).toEqual({
      identity: { kind: 'token' },
      host_origins: ['https://shop.example'],
      max_file_size: 1000,
      allowed_file_types: ['image/png', 'application/pdf'],
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  test('with Supabase it has what signing in takes, and no secret', async () => {
    const { config } = await configOf({
      JWT_SECRET: '',
      SUPABASE_JWT_SECRET: 'the secret of a test run, long enough',
      SUPABASE_URL: 'https://abc.supabase.co/',
      SUPABASE_ANON_KEY: 'sb_publishable_abc',
      CORS_ORIGINS: '*',
    });
    expect(config).toMatchObject({
      identity: { kind: 'supabase', url: 'https://abc.supabase.co', anon_key: 'sb_publishable_abc' },
      host_origins: ['*'],
    });
    expect(JSON.stringify(config)).not.toMatch(/secret|service/);
  });

  test('in demo mode it says so', async () => {
    const { config } = await configOf({ JWT_SECRET: '', SUPABASE_SERVICE_KEY: '' });
    expect(config).toMatchObject({ identity: { kind: 'demo' }, host_origins: [] });
  });

  test('the OpenAPI document has it', async () => {
    const server = await startServer();
    const document: Json = await (await fetch(`${server.origin}/openapi.json`)).json();
    await server.close();
    expect(document.paths['/config.json'].get.security).toEqual([]);
    expect(Object.keys(document.paths)).not.toContain('/demo/people');
    expect(Object.keys(document.components.schemas.WebConfig.properties)).toEqual([
      'identity',
      'host_origins',
      'max_file_size',
      'allowed_file_types',
    ]);
  });
});

describe('who is here, in demo mode', () => {
  let server: TestServer;
  const host = 'https://shop.example';
  beforeAll(async () => {
    server = await startServer({ JWT_SECRET: '', SUPABASE_SERVICE_KEY: '', CORS_ORIGINS: host });
  });
  afterAll(() => server.close());

  const anybody = () => new TestClient(server.origin, '');
  const tokenOf = async (user_id: string, name?: string): Promise<string> =>
    (await anybody().post('/demo/token', { user_id, ...(name !== undefined && { name }) })).body.token;
  const people = async (query = ''): Promise<Json[]> =>
    (await anybody().get(`/demo/people${query}`)).body.people;

  test('whoever has a token is there to be picked at once; whoever was here last comes first', async () => {
    expect(await people()).toEqual([]);
    await tokenOf('ann', 'Ann');
    expect((await people()).map(({ user_id }) => user_id)).toEqual(['ann']);
    await tokenOf('bob', 'Bob');
    expect(new Set((await people()).map(({ user_id }) => user_id))).toEqual(new Set(['ann', 'bob']));

    const socket = await server.connect(await tokenOf('ann', 'Ann'));
    socket.close();
    await socket.closed();
    await expect
      .poll(() => people())
      .toEqual([
        { user_id: 'ann', display_name: 'Ann', avatar_url: null },
        { user_id: 'bob', display_name: 'Bob', avatar_url: null },
      ]);
    expect((await people('?limit=1')).map(({ user_id }) => user_id)).toEqual(['ann']);
  });

  test('at most a hundred, and nothing but a limit can be asked', async () => {
    for (const query of ['?limit=0', '?limit=101', '?limit=x', '?page=2'])
      expect((await anybody().get(`/demo/people${query}`)).status, query).toBe(422);
    expect((await anybody().get('/demo/people?limit=100')).status).toBe(200);
    expect(await anybody().post('/demo/people')).toMatchObject({ status: 405 });
  });

  test('pages that may call the API may sign people in, too, and no others', async () => {
    const call = async (path: string, origin: string, method = 'GET', body?: string) => {
      const headers = { origin, ...(body !== undefined && { 'content-type': 'application/json' }) };
      const answer = await fetch(`${server.origin}${path}`, {
        method,
        headers,
        ...(body !== undefined && { body }),
      });
      return [answer.status, answer.headers.get('access-control-allow-origin')];
    };
    expect(await call('/demo/people', host)).toEqual([200, host]);
    expect(await call('/demo/token', host, 'POST', '{"user_id": "cy"}')).toEqual([200, host]);
    expect(await call('/demo/token', host, 'POST', '{}')).toEqual([422, host]);
    expect(await call('/demo/people', 'https://evil.example')).toEqual([200, null]);
    const preflight = await fetch(`${server.origin}/demo/token`, {
      method: 'OPTIONS',
      headers: {
        origin: host,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, host]);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type');
  });

  test('it is never there where people have identities of their own', async () => {
    const real = await startServer({ CORS_ORIGINS: '*' });
    try {
      for (const [method, path] of [
        ['GET', '/demo/people'],
        ['POST', '/demo/token'],
        ['OPTIONS', '/demo/token'],
      ] as const) {
        expect((await fetch(`${real.origin}${path}`, { method })).status, path).toBe(404);
      }
    } finally {
      await real.close();
    }
  });
});
