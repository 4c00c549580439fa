import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Client, Harness, limitsWith } from '../../test/support/web-socket-server.ts';

let harness: Harness;
afterEach(() => harness.close());

const start = async (
  useCases: ConstructorParameters<typeof Harness>[0] = {},
  options: ConstructorParameters<typeof Harness>[1] = {},
): Promise<Harness> => (harness = await new Harness(useCases, options).listen());

test('the token is taken from the header, the query, the path and the subprotocol', async () => {
  await start();
  const token = await harness.token('ann');
  const headers = { authorization: `Bearer ${token}` };
  for (const socket of [
    harness.dial('/api/ws', [], { headers }),
    harness.dial(`/api/ws?token=${token}`),
    harness.dial(`/api/ws/${token}`),
    harness.dial('/api/ws', ['parley', `bearer.${token}`]),
  ]) {
    const connected = await new Client(socket).first('connected');
    expect(connected).toMatchObject({ user_id: 'ann', cursor: '7' });
    expect(socket.protocol).not.toContain('bearer');
    socket.close();
  }
});

test('without a token, with a bad one or an old one, the upgrade is a 401 that says which', async () => {
  await start();
  expect(await harness.refused()).toMatchObject({ status: 401, body: { code: 'token_missing' } });
  expect(await harness.refused('/api/ws/')).toMatchObject({ status: 401, body: { code: 'token_missing' } });
  expect(await harness.refused('/api/ws?token=nonsense')).toMatchObject({
    status: 401,
    body: { code: 'invalid_token' },
  });
  expect(await harness.refused('/api/ws/%E0%A4')).toMatchObject({
    status: 401,
    body: { code: 'invalid_token' },
  });
  const old = await harness.token('ann', -10);
  const answer = await harness.refused(`/api/ws/${old}`);
  expect(answer).toMatchObject({ status: 401, body: { code: 'token_expired' } });
  expect(answer.headers['www-authenticate']).toBe('Bearer');
});

test("a page of somebody else's cannot connect, the server's own and those allowed can", async () => {
  await start();
  const path = `/api/ws/${await harness.token('ann')}`;
  for (const origin of ['https://evil.example', `http://evil.example/${harness.address}`, 'null']) {
    expect(await harness.refused(path, [], { origin })).toMatchObject({
      status: 403,
      body: { code: 'origin_not_allowed' },
    });
  }
  for (const origin of ['https://app.example', `http://${harness.address}`]) {
    await new Client(harness.dial(path, [], { origin })).first('connected');
  }
});

test('who connects too often is told so with the limit, its headers and when to come back', async () => {
  await start({}, { limits: limitsWith('websocket_connect', 1) });
  const first = harness.dial(`/api/ws/${await harness.token('ann')}`);
  const [response] = await once(first, 'upgrade');
  expect(response.headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
  const answer = await harness.refused(`/api/ws/${await harness.token('ann')}`);
  expect(answer).toMatchObject({
    status: 429,
    body: {
      error: 'Rate limit exceeded',
      code: 'rate_limited',
      rate_limit_info: { limit_type: 'websocket_connect', current_count: 2 },
    },
  });
  expect(answer.headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  await new Client(harness.dial(`/api/ws/${await harness.token('bob')}`)).first('connected');
});

test('tokens cannot be guessed at leisure', async () => {
  await start({}, { limits: limitsWith('general', 2) });
  expect((await harness.refused('/api/ws/one')).status).toBe(401);
  expect((await harness.refused('/api/ws/two')).status).toBe(401);
  expect(await harness.refused('/api/ws/three')).toMatchObject({
    status: 429,
    body: { rate_limit_info: { limit_type: 'general' } },
  });
});

test('what is no WebSocket handshake is told to become one', async () => {
  await start();
  const [host, port] = harness.address.split(':');
  const answer = request({
    host,
    port,
    path: '/api/ws',
    headers: { connection: 'upgrade', upgrade: 'h2c' },
  }).end();
  const [response] = await once(answer, 'response');
  expect(response.statusCode).toBe(426);
  expect(response.headers['sec-websocket-version']).toBe('13');
  response.destroy();
});

test('the service role connects without being counted', async () => {
  await start({}, { limits: limitsWith('websocket_connect', 0) });
  const headers = { authorization: `Bearer ${harness.serviceKey}` };
  expect(await new Client(harness.dial('/api/ws', [], { headers })).first('connected')).toMatchObject({
    user_id: 'system',
  });
});

test('somebody who hangs up in the midst of it breaks nothing', async () => {
  await start();
  const [host = '', port] = harness.address.split(':');
  const socket = connect(Number(port), host);
  socket.end(
    `GET /api/ws/${await harness.token('ann')} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  socket.destroy();
  await harness.connect('bob');
});

test('no token is ever logged', async () => {
  await start(
    {},
    {
      deps: { hub: { attach: () => Promise.reject(new Error('away')), detach() {}, join() {}, leave() {} } },
    },
  );
  const token = await harness.token('ann');
  expect(await new Client(harness.dial(`/api/ws/${token}`)).closed).toBe(1001);
  await harness.refused('/api/ws/secretish.token.value');
  expect(harness.logged).not.toHaveLength(0);
  expect(JSON.stringify(harness.logged)).not.toMatch(/secretish|eyJ/);
});

test('the address is the prefix with /ws, and at most a token behind it', async () => {
  await start();
  const { server } = harness;
  expect(
    ['/api/ws', '/api/ws?token=x', '/api/ws/x', '/api/ws/x/?y'].filter((url) => !server.matches(url)),
  ).toEqual([]);
  expect(
    ['/ws', '/api/wsx', '/api/ws/x/y', '/api/conversations'].filter((url) => server.matches(url)),
  ).toEqual([]);
});

test('going away closes everybody with 1001, turns newcomers to another node, and is soon done', async () => {
  await start();
  const clients = await Promise.all(['ann', 'bob', 'cem'].map((userId) => harness.connect(userId)));
  const started = performance.now();
  const drained = harness.server.drain(5000);
  expect(await harness.refused(`/api/ws/${await harness.token('dan')}`)).toMatchObject({
    status: 503,
    body: { code: 'shutting_down' },
  });
  expect(await Promise.all(clients.map((client) => client.closed))).toEqual([1001, 1001, 1001]);
  await drained;
  expect(performance.now() - started).toBeLessThan(2500);
  expect(harness.server.connectionCount).toBe(0);
  expect(harness.ended.toSorted()).toEqual(['ann', 'bob', 'cem']);
});

test('closes are spread over the time that there is', async () => {
  await start();
  const clients = await Promise.all(
    Array.from({ length: 60 }, (_, index) => harness.connect(`user ${index}`)),
  );
  const times = clients.map((client) => client.closed.then(() => performance.now()));
  await harness.server.drain(400);
  const closed = (await Promise.all(times)).sort((a, b) => a - b);
  expect((closed.at(-1) ?? 0) - (closed[0] ?? 0)).toBeGreaterThan(20);
});

test('who does not answer a close is cut off when the time is over', async () => {
  await start();
  const client = await harness.connect('ann');
  client.socket.pause();
  await harness.server.drain(100);
  expect(harness.server.connectionCount).toBe(0);
  client.socket.terminate();
});

test('a command under way is answered before the connection goes', async () => {
  const { promise, resolve } = Promise.withResolvers<never>();
  await start({ receipts: { markRead: () => promise } });
  const client = await harness.connect('ann');
  const answer = client.ask({ type: 'message_read', message_id: 'm' });
  await client.ask({ type: 'ping' });
  const drained = harness.server.drain(5000);
  expect(await client.ask({ type: 'join_conversation', conversation_id: 'c' })).toMatchObject({
    code: 'shutting_down',
  });
  resolve({ message_id: 'm', conversation_id: 'c', last_read_seq: 1, unread_count: 0 } as never);
  expect(await answer).toMatchObject({ type: 'read_ack', last_read_seq: 1 });
  expect(await client.closed).toBe(1001);
  await drained;
});
