/** A client that leaks sockets is stopped before it costs others anything, and ghosts don't keep their owner out. */
import { once } from 'node:events';
import { limits } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Client, Harness } from './support/web-socket-server.ts';
import { startServer } from './support/server.ts';

// Only the timer that sweeps, and the time that it goes by, are of the test: sockets are real.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + skew);
});

let harness: Harness | undefined;
let skew = 0;
afterEach(() => {
  harness?.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const start = async (): Promise<Harness> => {
  skew = 0;
  harness = await new Harness({}).listen();
  return harness;
};

const many = (count: number, open: () => Promise<Client>): Promise<Client[]> =>
  Promise.all(Array.from({ length: count }, open));

test('one socket more than a person may have is refused with 429 and when to come back; closing one makes room', async () => {
  const server = await start();
  const [first, ...others] = await many(limits.socketsPerUser, () => server.connect('ann'));
  const path = `/api/ws/${await server.token('ann')}`;
  const answer = await server.refused(path);
  expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_connections' } });
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  await server.connect('bob');
  first?.socket.close();
  await first?.closed;
  await vi.waitUntil(() => server.server.connectionCount === limits.socketsPerUser);
  await server.connect('ann');
  expect(others.every(({ socket }) => socket.readyState === socket.OPEN)).toBe(true);
});

test('of many that come at once no more are let in than may be', async () => {
  const server = await start();
  const path = `/api/ws/${await server.token('ann')}`;
  const opened = await Promise.all(
    Array.from({ length: limits.socketsPerUser + 10 }, async () => {
      const socket = server.dial(path);
      const opening = once(socket, 'open').then(() => true);
      return Promise.race([opening, once(socket, 'unexpected-response').then(() => false)]);
    }),
  );
  expect(opened.filter(Boolean)).toHaveLength(limits.socketsPerUser);
});

test('sockets of which nobody is there make room for their owner, those that answer are kept', async () => {
  const server = await start();
  const path = `/api/ws/${await server.token('ann')}`;
  const ghosts = await many(limits.socketsPerUser - 1, async () => {
    const client = new Client(server.dial(path, [], { autoPong: false }));
    await client.first('connected');
    return client;
  });
  const alive = await server.connect('ann');
  const pinged = once(alive.socket, 'ping');
  skew += 26_000;
  vi.advanceTimersByTime(1000);
  await pinged;
  await alive.ask({ type: 'ping' });
  skew += 6000;
  // Known for what they are, and gone for nobody's sake but their owner's.
  expect(server.server.connectionCount).toBe(limits.socketsPerUser);
  const back = await server.connect('ann');
  expect(new Set(await Promise.all(ghosts.map(({ closed }) => closed)))).toEqual(new Set([4408]));
  for (const client of [alive, back])
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
});

test("the host application's own backend may have any number", async () => {
  const server = await start();
  const headers = { authorization: `Bearer ${server.serviceKey}` };
  await many(limits.socketsPerUser + 1, async () => {
    const client = new Client(server.dial('/api/ws', [], { headers }));
    await client.first('connected');
    return client;
  });
});

test('what a socket joined and typed ends with it, however it ends', async () => {
  vi.useRealTimers();
  const server = await startServer();
  try {
    const [ann, bob] = await Promise.all([server.person('ann'), server.person('bob')]);
    const group = await ann.group(bob);
    const watching = await bob.connect();
    watching.send({ type: 'join_conversation', conversation_id: group.id });
    await watching.next('joined_conversation');
    const typing = await ann.connect();
    typing.send({ type: 'typing_start', conversation_id: group.id });
    await watching.next('typing_start');
    typing.terminate();
    await watching.next('typing_stop', ({ user_id }) => user_id === 'ann');
    // A new socket has joined nothing: it hears no typing until it says so.
    watching.terminate();
    const again = await bob.connect();
    const other = await ann.connect();
    other.send({ type: 'typing_start', conversation_id: group.id });
    await other.settled();
    expect((await again.settled()).map(({ type }) => type)).not.toContain('typing_start');
  } finally {
    await server.close();
  }
});
