/** Mean requests that once did harm, each with what it must not do. */
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startServer, type Person, type TestServer } from './support/server.ts';

let server: TestServer;
let ann: Person;
let bob: Person;

beforeAll(async () => {
  server = await startServer();
  [ann, bob] = await Promise.all([server.person('ann'), server.person('bob')]);
});
afterAll(() => server.close());

test('an id that no database can hold is simply not found', async () => {
  const group = await ann.group(bob);
  for (const id of ['%00', 'a%00b', '%ED%A0%80']) {
    for (const answer of [
      ann.delete(`/api/conversations/${group.id}/participants/${id}`),
      ann.put(`/api/conversations/${group.id}/participants/${id}`, { role: 'admin' }),
    ]) {
      expect((await answer).status).toBe(404);
    }
  }
});

test('metadata can neither swell in the database nor carry a prototype to other clients', async () => {
  const group = await ann.group(bob);
  const path = `/api/conversations/${group.id}/messages`;
  expect(await ann.post(path, { content: 'x', metadata: { a: Array(1000).fill(1e308) } })).toMatchObject({
    status: 422,
  });
  expect(await ann.post(path, { content: 'x', metadata: { a: [1e20, 0, -0.5, 1e-20] } })).toMatchObject({
    status: 201,
  });

  const socket = await ann.connect();
  const poison = '{"__proto__": {"admin": true}, "constructor": {"prototype": {"admin": true}}, "kept": 1}';
  socket.send(
    `{"type": "send_message", "request_id": "r", "conversation_id": "${group.id}", "content": "x", "metadata": ${poison}}`,
  );
  expect(await socket.answerTo('r')).toMatchObject({
    type: 'message_ack',
    message: { metadata: { kept: 1 } },
  });
  const { body } = await bob.get(path);
  expect(Object.keys(body.messages[0].metadata)).toEqual(['kept']);
});

test('pongs that nobody asked for count as frames', async () => {
  const socket = await ann.connect();
  for (let count = 0; count < 400; count++) socket.raw.pong(`${count}`);
  expect(await socket.closed()).toBe(4429);
});

test('a cursor beyond the end leads nowhere, and not to an error', async () => {
  const group = await ann.group(bob);
  await ann.say(group.id, 'only');
  const path = `/api/conversations/${group.id}/messages`;
  const { body } = await ann.get(`${path}?after_seq=${Number.MAX_SAFE_INTEGER}`);
  expect(body).toMatchObject({ messages: [], has_more: false, next_cursor: null });
  expect((await ann.get(`${path}?page=1000000000&limit=100`)).body).toMatchObject({
    messages: [],
    has_more: false,
  });
});

test('answers are nobody else’s: no cache keeps them', async () => {
  const group = await ann.group(bob);
  for (const path of ['/api/conversations', `/api/conversations/${group.id}`, '/api/nothing']) {
    expect((await ann.get(path)).headers.get('cache-control')).toBe('no-store');
  }
});

test('in demo mode a page that points its own name at the loopback gets nothing', async () => {
  const demo = await startServer({ JWT_SECRET: '', SUPABASE_SERVICE_KEY: '' });
  try {
    const { port } = new URL(demo.origin);
    const ask = (host: string) =>
      new Promise<number>((resolve, reject) => {
        const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' };
        const sent = request(
          { port, host: '127.0.0.1', method: 'POST', path: '/demo/token', headers },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          },
        );
        sent.on('error', reject).end('{"user_id": "victim"}');
      });
    const dial = (host: string) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/api/ws?token=x`, { headers: { host } });
        socket.on('error', ({ message }) => resolve(message));
      });
    expect(await ask(`evil.example:${port}`)).toBe(403);
    expect(await ask(`localhost.evil.example:${port}`)).toBe(403);
    expect(await dial(`evil.example:${port}`)).toContain('403');
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect(await ask(host)).toBe(200);
      expect(await dial(host)).toContain('401');
    }
  } finally {
    await demo.close();
  }
});
