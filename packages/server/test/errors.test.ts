/** What people get when they are wrong: always the same shape, never a guess at what they meant. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type Person, type TestServer } from './support/server.ts';

let server: TestServer;
let ann: Person;
let bob: Person;

beforeAll(async () => {
  server = await startServer();
  [ann, bob] = await Promise.all([server.person('ann'), server.person('bob')]);
});
afterAll(() => server.close());

const raw = (path: string, type: string, body: Uint8Array | string, method: 'POST' | 'PUT' = 'POST') =>
  fetch(`${server.origin}${path}`, {
    method,
    body,
    headers: { authorization: `Bearer ${ann.bearer}`, 'content-type': type },
  });

test('an unknown query is refused everywhere, and nothing is done', async () => {
  const group = await ann.group(bob);
  const message = await ann.say(group.id, 'hello');
  for (const answer of [
    ann.get('/api/conversations?foo=1'),
    ann.get(`/api/conversations/${group.id}?foo=1`),
    ann.post(`/api/conversations/${group.id}/messages?foo=1`, { content: 'x' }),
    ann.post(`/api/messages/${message.id}/read?foo=1`),
    ann.delete(`/api/messages/${message.id}?foo=1`),
    ann.put('/api/users/status?foo=1', { status: 'away' }),
  ]) {
    expect(await answer).toMatchObject({
      status: 422,
      body: { code: 'validation_failed', errors: [{ path: '/foo', message: 'is not known' }] },
    });
  }
  expect((await ann.get('/api/conversations?foo=1')).body.errors).toHaveLength(1);
  expect((await ann.get(`/api/conversations/${group.id}/messages`)).body.messages).toMatchObject([
    { is_deleted: false },
  ]);
});

test('text that is no UTF-8 is refused, not guessed at', async () => {
  const group = await ann.group(bob);
  const bad = Buffer.concat([Buffer.from('{"content": "'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
  expect((await raw(`/api/conversations/${group.id}/messages`, 'application/json', bad)).status).toBe(400);
  const message = await ann.say(group.id, 'hello');
  const form = 'application/x-www-form-urlencoded';
  expect((await raw(`/api/messages/${message.id}`, form, 'content=%ff', 'PUT')).status).toBe(400);
  const good = await raw(`/api/messages/${message.id}`, form, 'content=a+b%2Bc%F0%9F%98%80%3D=', 'PUT');
  expect(await good.json()).toMatchObject({ content: 'a b+c😀==' });
});

test('a form field that comes twice is refused: nobody knows which was meant', async () => {
  const group = await ann.group(bob);
  const answer = await raw(
    `/api/conversations/${group.id}/participants/bob`,
    'application/x-www-form-urlencoded',
    'role=moderator&role=admin',
    'PUT',
  );
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ errors: [{ path: '/role' }] });
});

test('a wrong method at a right address says which are right', async () => {
  const answer = await ann.request('PATCH', '/api/conversations');
  expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  expect(answer.headers.get('allow')?.split(', ')).toEqual(expect.arrayContaining(['GET', 'POST']));
  expect(await ann.get('/api/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
});

test('bodies: too large, of another type, malformed, or missing', async () => {
  const group = await ann.group(bob);
  const path = `/api/conversations/${group.id}/messages`;
  expect((await raw(path, 'application/json', `{"content": "${'x'.repeat(65_536)}"}`)).status).toBe(413);
  expect((await raw(path, 'text/plain', 'hello')).status).toBe(415);
  expect((await raw(path, 'application/json', '{"content": ')).status).toBe(400);
  expect((await raw(path, 'application/json', '')).status).toBe(422);
});

test('what is no HTTP at all is answered in the same shape', async () => {
  const { hostname, port } = new URL(server.origin);
  const ask = async (request: string) => {
    const socket = connect(Number(port), hostname);
    socket.write(request);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString();
  };
  expect(await ask('GET / HTTP/9.9\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"malformed_request"/);
  expect(await ask(`GET / HTTP/1.1\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/,
  );
});
