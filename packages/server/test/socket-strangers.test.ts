/** What somebody without a token can do to a server by upgrades that lead nowhere. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const head = (path: string, upgrade = 'websocket') =>
  `GET ${path} HTTP/1.1\r\nHost: parley\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

async function dial(): Promise<Socket> {
  const { hostname, port } = new URL(server.origin);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

test('a reset in the middle of any upgrade leaves everybody else connected', async () => {
  const person = await server.person();
  const bystander = await person.connect();
  for (const path of ['/nope', '/api/ws', '/api/ws/x', '/api/wsx', '/']) {
    for (let round = 0; round < 20; round++) {
      const socket = await dial();
      socket.write(head(path));
      socket.resetAndDestroy();
    }
  }
  await bystander.settled();
  expect((await person.get('/readyz')).status).toBe(200);
});

test('an upgrade that is not ours is an ordinary request, body and all', async () => {
  const person = await server.person();
  const socket = await dial();
  const body = JSON.stringify({ type: 'group', title: 'Over h2c' });
  socket.write(
    `POST /api/conversations HTTP/1.1\r\nHost: parley\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n` +
      `Authorization: Bearer ${person.bearer}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  // In a packet of its own, as many clients write it.
  await new Promise((resolve) => setImmediate(resolve));
  socket.write(body);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 201 /);
  socket.destroy();
});

test('a refused upgrade ends its connection, even if the stranger never closes it', async () => {
  for (const path of ['/api/ws', '/api/ws/not-a-token']) {
    const socket = await dial();
    socket.write(head(path));
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await once(socket, 'end');
    // Both directions: a connection that is closed in one alone is still a descriptor of the server's.
    const writing = setInterval(() => socket.write('still here'), 5);
    await closed;
    clearInterval(writing);
  }
});
