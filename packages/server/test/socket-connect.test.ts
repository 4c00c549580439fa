/** Who may open a WebSocket, how, how often, and for how long. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Conversation } from '@parley/protocol';
import { startServer, type Person, type TestServer } from './support/server.ts';
import { tryUpgrade } from './support/socket.ts';

let server: TestServer;
let ann: Person;
let bob: Person;
let group: Conversation;

beforeAll(async () => {
  server = await startServer({ CORS_ORIGINS: 'https://app.example.com' });
  [ann, bob] = await Promise.all([server.person('ann'), server.person('bob')]);
  group = await ann.group(bob);
});
afterAll(() => server.close());

const address = () => `${server.origin}/api/ws`;
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('connecting', () => {
  test.each(['header', 'query', 'path', 'subprotocol'] as const)('a token by %s opens it', async (dial) => {
    const socket = await ann.connect({ dial });
    expect(socket.frames).toEqual([
      {
        type: 'connected',
        user_id: 'ann',
        connection_id: expect.any(String),
        cursor: expect.stringMatching(/./),
        server_time: expect.any(String),
      },
    ]);
    expect(socket.raw.protocol).toBe(dial === 'subprotocol' ? 'parley' : '');
    await ann.say(group.id, `after ${dial}`);
    expect(await socket.next('new_message')).toMatchObject({ message: { content: `after ${dial}` } });
    socket.close();
    expect(await socket.closed()).toBe(1005);
  });

  test('two connections of one person have different names', async () => {
    const [one, two] = await Promise.all([ann.connect(), ann.connect()]);
    const [first, second] = [one, two].map((socket) => socket.frames[0]);
    expect(first).toMatchObject({ connection_id: expect.any(String) });
    expect(second).not.toMatchObject({
      connection_id: first !== undefined && 'connection_id' in first && first.connection_id,
    });
    one.close();
    two.close();
  });

  test('without a good token the upgrade is answered with 401 and why', async () => {
    const expired = await server.token({ sub: 'ann', exp: inSeconds(-60) });
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    for (const [url, headers, code] of [
      [address(), {}, 'token_missing'],
      [`${address()}?token=`, {}, 'token_missing'],
      [address(), { 'sec-websocket-protocol': 'parley' }, 'token_missing'],
      [address(), bearer('nonsense'), 'invalid_token'],
      [`${address()}?token=nonsense`, {}, 'invalid_token'],
      [`${address()}/nonsense`, {}, 'invalid_token'],
      [`${address()}/%zz`, {}, 'invalid_token'],
      [address(), { 'sec-websocket-protocol': 'parley, bearer.nonsense' }, 'invalid_token'],
      [address(), { authorization: `Basic ${ann.bearer}` }, 'invalid_token'],
      [address(), bearer(expired), 'token_expired'],
    ] as const) {
      const answer = await tryUpgrade(url, headers);
      expect({ url, status: answer.status, code: answer.body?.code }).toEqual({ url, status: 401, code });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.body.detail).toEqual(expect.any(String));
    }
  });

  test('a page of a foreign origin is answered with 403, the app’s own and programs connect', async () => {
    const authorization = `Bearer ${ann.bearer}`;
    for (const origin of ['https://evil.example', 'null', 'https://app.example.com.evil.example']) {
      expect(await tryUpgrade(address(), { authorization, origin })).toMatchObject({
        status: 403,
        body: { code: 'origin_not_allowed' },
      });
    }
    for (const origin of ['https://app.example.com', server.origin]) {
      expect((await tryUpgrade(address(), { authorization, origin })).status).toBe(101);
    }
  });

  test('a plain GET is told that this address speaks WebSocket', async () => {
    for (const path of ['/api/ws', `/api/ws/${ann.bearer}`]) {
      const answer = await fetch(`${server.origin}${path}`, {
        headers: { authorization: `Bearer ${ann.bearer}` },
      });
      expect([answer.status, answer.headers.get('upgrade')]).toEqual([426, 'websocket']);
      expect(await answer.json()).toMatchObject({ code: 'upgrade_required' });
    }
  });

  test('an upgrade to anything else, such as curl’s to HTTP/2, is answered as the request that it is', async () => {
    const h2c = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect(await tryUpgrade(`${server.origin}/healthz`, h2c)).toMatchObject({ status: 200 });
    const authorization = `Bearer ${ann.bearer}`;
    expect(await tryUpgrade(`${server.origin}/api/conversations`, { ...h2c, authorization })).toMatchObject({
      status: 200,
      body: { page: 1 },
    });
    expect((await tryUpgrade(`${server.origin}/elsewhere`)).status).toBe(404);
  });

  test('the service role may listen, though it is in no conversation', async () => {
    const socket = await server.connect(server.service().bearer);
    socket.send({
      type: 'send_message',
      conversation_id: group.id,
      content: 'by the system',
      message_type: 'system',
      request_id: 'r',
    });
    expect(await socket.answerTo('r')).toMatchObject({
      type: 'message_ack',
      message: { sender_id: 'system' },
    });
    socket.close();
  });
});

describe('tokens', () => {
  test('when it expires the socket closes with 4401', async () => {
    const exp = inSeconds(2);
    const person = await server.person('short', { exp });
    const socket = await person.connect();
    expect(await socket.closed()).toBe(4401);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
  });

  test('a newer token of the same person keeps it open beyond the first', async () => {
    const exp = inSeconds(2);
    const [kept, control] = await Promise.all(
      [0, 1].map(async () => (await server.person('refresher', { exp })).connect()),
    );
    if (kept === undefined || control === undefined) throw new Error('two were opened');
    const until = inSeconds(600);
    const token = await server.token({ sub: 'refresher', exp: until });
    kept.send({ type: 'refresh_token', token, request_id: 'r' });
    expect(await kept.answerTo('r')).toEqual({
      type: 'token_refreshed',
      request_id: 'r',
      expires_at: new Date(until * 1000).toISOString(),
    });
    expect(await control.closed()).toBe(4401);
    await kept.settled();
    kept.close();
  });

  test('another person’s token, an expired one and nonsense are refused, and the connection stays as it was', async () => {
    const socket = await ann.connect();
    for (const [token, code] of [
      [bob.bearer, 'invalid_token'],
      [server.service().bearer, 'invalid_token'],
      [await server.token({ sub: 'ann', exp: inSeconds(-60) }), 'token_expired'],
      ['nonsense', 'invalid_token'],
      ['', 'validation_failed'],
    ]) {
      const id = `refresh-${socket.frames.length}`;
      socket.send({ type: 'refresh_token', token, request_id: id });
      expect(await socket.answerTo(id)).toMatchObject({ type: 'error', code });
    }
    socket.send({ type: 'send_message', conversation_id: group.id, content: 'still me', request_id: 'me' });
    expect(await socket.answerTo('me')).toMatchObject({ message: { sender_id: 'ann' } });
    socket.close();
  });
});

describe('limits', () => {
  let limited: TestServer;

  beforeAll(async () => {
    limited = await startServer({
      RATE_LIMITS: JSON.stringify({
        websocket_connect: { student: [3, 60], teacher: [4, 60] },
      }),
    });
  });
  afterAll(() => limited.close());

  test('connecting too often is 429 with the spec’s body and headers; who may connect more often does', async () => {
    const ask = async (token: string) =>
      tryUpgrade(`${limited.origin}/api/ws`, { authorization: `Bearer ${token}` });
    const token = await limited.token({ sub: 'often' });
    const answers = [await ask(token), await ask(token), await ask(token), await ask(token)];
    expect(answers.map(({ status }) => status)).toEqual([101, 101, 101, 429]);
    expect(answers.map(({ headers }) => headers['x-ratelimit-remaining'])).toEqual(['2', '1', '0', '0']);
    const refused = answers[3];
    const reset = Number(refused?.headers['x-ratelimit-reset']);
    const retryAfter = Number(refused?.headers['retry-after']);
    expect(refused?.headers['x-ratelimit-limit']).toBe('3');
    expect(retryAfter).toBeGreaterThan(50);
    expect(refused?.body).toEqual({
      error: 'Rate limit exceeded',
      message: 'Too many websocket_connect requests',
      rate_limit_info: {
        limit_type: 'websocket_connect',
        current_count: 4,
        limit: 3,
        window: 60,
        reset_time: reset,
        remaining: 0,
      },
      retry_after: retryAfter,
      detail: 'Rate limit exceeded',
      code: 'rate_limited',
    });
    const teacher = await limited.token({ app_metadata: { role: 'teacher' } });
    const more = [
      await ask(teacher),
      await ask(teacher),
      await ask(teacher),
      await ask(teacher),
      await ask(teacher),
    ];
    expect(more.map(({ status }) => status)).toEqual([101, 101, 101, 101, 429]);
  });
});
