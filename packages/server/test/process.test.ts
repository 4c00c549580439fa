/** `parley start` as people run it: in a folder of its own, with its own Postgres, in demo mode, stopped and killed. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Message } from '@parley/protocol';
import manifest from '../../../package.json' with { type: 'json' };
import { findEmbedded } from '../src/store/embedded.ts';
import { endChildren, startNode, type Child } from './support/child.ts';
import { TestClient } from './support/client.ts';
import { TestSocket } from './support/socket.ts';

/** What `npm start` runs: the flags and the program that it gives Node. */
const words = manifest.scripts.start.split(' ');
const startArguments = words
  .slice(words.indexOf('node') + 1)
  .map((word) => (word.endsWith('.js') ? fileURLToPath(new URL(`../../../${word}`, import.meta.url)) : word));

let folder: string;
let dataDir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-process-'));
  dataDir = join(folder, '.parley');
});

afterEach(async () => {
  await endChildren();
  await expect.poll(() => findEmbedded(dataDir), { timeout: 10_000 }).toBeNull();
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: Child;
  readonly origin: string;
  readonly line: string;
  /** Milliseconds until it said so. */
  readonly readyMs: number;
}

function launch(env: Record<string, string> = {}): Child {
  const [first = '', ...rest] = startArguments;
  return startNode(first, rest, {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'warn', RATE_LIMITS: 'off', ...env },
  });
}

async function start(env: Record<string, string> = {}): Promise<Started> {
  const since = performance.now();
  const child = launch(env);
  const line = await child.line();
  return { child, line, origin: /http:\S+/.exec(line)?.[0] ?? '', readyMs: performance.now() - since };
}

async function stop({ child }: Started): Promise<void> {
  child.process.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await findEmbedded(dataDir)).toBeNull();
}

/** As the README's reader does it. */
async function clientOf({ origin }: Started, user_id: string): Promise<TestClient> {
  const answer = await new TestClient(origin, '').post<{ token: string }>('/demo/token', {
    user_id,
    name: user_id,
  });
  expect(answer.status).toBe(200);
  return new TestClient(origin, answer.body.token);
}

async function messagesIn(client: TestClient, conversationId: string): Promise<Message[]> {
  const found: Message[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { body } = await client.get(`/api/conversations/${conversationId}/messages?limit=100${query}`);
    found.push(...body.messages);
    cursor = body.next_cursor;
  } while (cursor !== null);
  return found.toReversed();
}

test('it says that it is ready and where, gives demo tokens, is small, and keeps everything over a restart', async () => {
  const first = await start();
  expect(first.line).toMatch(/^Parley is ready on http:\/\/127\.0\.0\.1:\d+$/);
  expect(await first.child.line()).toMatch(
    /^Demo mode: POST http:\S+\/demo\/token .* API reference: http:\S+\/docs$/,
  );
  const [ann, bob] = await Promise.all([clientOf(first, 'ann'), clientOf(first, 'bob')]);
  const group = await ann.group({ id: 'bob' });
  const form = new FormData();
  form.set('file', new Blob(['notes\n'], { type: 'text/plain' }), 'notes.txt');
  const uploaded = (await ann.post<Message>(`/api/conversations/${group.id}/upload`, form)).body;
  await bob.say(group.id, 'thank you');
  const before = await messagesIn(bob, group.id);
  await stop(first);

  const second = await start();
  // Yesterday's token is still good: the secret is in the data directory.
  const again = new TestClient(second.origin, bob.bearer);
  expect(await messagesIn(again, group.id)).toEqual(before);
  expect(before.map(({ id }) => id)).toContain(uploaded.id);
  const { url } = uploaded.metadata['attachment'] as { url: string };
  expect(await again.get(url)).toMatchObject({ status: 200, body: 'notes\n' });

  const megabytes = await memoryOf(second.child.pid);
  console.log(
    `ready in ${Math.round(first.readyMs)} ms the first time, ${Math.round(second.readyMs)} ms then; ${megabytes} MB`,
  );
  expect(second.readyMs).toBeLessThan(10_000);
  expect(megabytes).toBeLessThan(150);
  await stop(second);
});

/** Megabytes that a process holds in memory, without its children. */
async function memoryOf(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Math.round((Number(stdout.trim()) * 1024) / 1e6);
}

test('kill -9 in the middle of sending loses nothing that was acknowledged, and a retry doubles nothing', async () => {
  const rounds = 2;
  const acknowledged = new Map<string, string>();
  const attempted = new Set<string>();
  let conversationId = '';
  for (let round = 0; round < rounds; round++) {
    const server = await start();
    const ann = await clientOf(server, 'ann');
    if (round === 0) conversationId = (await ann.group({ id: 'bob' })).id;
    const enough = Promise.withResolvers<void>();
    const note = (clientId: string, message: Message) => {
      acknowledged.set(clientId, message.id);
      if (acknowledged.size >= (round + 1) * 100) enough.resolve();
    };
    const socket = await TestSocket.open(server.origin, ann.bearer);
    const senders = Promise.all([
      ...Array.from({ length: 6 }, (_, index) => sendByRest(ann, `rest-${round}-${index}`, note)),
      sendBySocket(socket, `socket-${round}`, note),
    ]);
    await enough.promise;
    server.child.process.kill('SIGKILL');
    await Promise.all([senders, server.child.ended]);
    await expect.poll(() => findEmbedded(dataDir), { timeout: 10_000 }).toBeNull();
  }

  const server = await start();
  const ann = await clientOf(server, 'ann');
  const kept = await messagesIn(ann, conversationId);
  const idOf = new Map(kept.map(({ client_id, id }) => [client_id, id]));
  for (const [clientId, id] of acknowledged) expect([clientId, idOf.get(clientId)]).toEqual([clientId, id]);
  for (const clientId of attempted) {
    const message = await ann.say(conversationId, clientId, { client_id: clientId });
    expect(message.id).toBe(idOf.get(clientId) ?? message.id);
  }
  const all = await messagesIn(ann, conversationId);
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
  expect(new Set(all.map(({ client_id }) => client_id))).toEqual(attempted);
  expect(all).toHaveLength(attempted.size);
  const { version, last_seq } = (await ann.get(`/api/conversations/${conversationId}`)).body;
  expect([last_seq, version]).toEqual([all.length, all.length + 1]);
  await stop(server);

  async function sendByRest(
    client: TestClient,
    name: string,
    note: (clientId: string, message: Message) => void,
  ) {
    for (let index = 0; ; index++) {
      const clientId = `${name}-${index}`;
      attempted.add(clientId);
      try {
        note(clientId, await client.say(conversationId, clientId, { client_id: clientId }));
      } catch {
        // The server is gone: whether this one was kept is found out by its retry.
        return;
      }
    }
  }

  async function sendBySocket(
    socket: TestSocket,
    name: string,
    note: (clientId: string, message: Message) => void,
  ) {
    const closed = socket.closed().then(() => null);
    for (let index = 0; ; index++) {
      const clientId = `${name}-${index}`;
      attempted.add(clientId);
      socket.send({
        type: 'send_message',
        conversation_id: conversationId,
        content: clientId,
        client_id: clientId,
        request_id: clientId,
      });
      const answer = await Promise.race([socket.answerTo(clientId).catch(() => null), closed]);
      if (answer?.type !== 'message_ack') return;
      note(clientId, answer.message);
    }
  }
});

test('SIGTERM amid work: requests are answered, sockets are told to come back, and nothing acknowledged is lost', async () => {
  const server = await start();
  const ann = await clientOf(server, 'ann');
  const group = await ann.group({ id: 'bob' });
  const sockets = await Promise.all(
    Array.from({ length: 20 }, () => TestSocket.open(server.origin, ann.bearer)),
  );
  const codes = Promise.all(sockets.map((socket) => socket.closed()));
  const agent = new Agent({ keepAlive: true });
  const upload = await beginUpload(
    ann.bearer,
    `${server.origin}/api/conversations/${group.id}/upload`,
    agent,
  );
  const [busy] = sockets;
  for (let index = 0; index < 150; index++) {
    busy?.send({
      type: 'send_message',
      conversation_id: group.id,
      content: `${index}`,
      request_id: `${index}`,
    });
  }
  await busy?.answerTo('0');

  server.child.process.kill('SIGTERM');
  expect(new Set(await codes)).toEqual(new Set([1001]));
  // This request was under way before the signal, and ends after everybody with a socket has gone.
  expect(await upload.finish()).toBe(201);
  // Nor is it kept from stopping by a client that keeps its connection for another request.
  const since = performance.now();
  expect(await server.child.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await findEmbedded(dataDir)).toBeNull();

  expect(performance.now() - since).toBeLessThan(4000);
  agent.destroy();

  const acks = sockets
    .flatMap(({ frames }) => frames)
    .flatMap((frame) => (frame.type === 'message_ack' ? [frame.message.id] : []));
  expect(acks.length).toBeGreaterThan(0);
  const again = await start();
  const kept = await messagesIn(new TestClient(again.origin, ann.bearer), group.id);
  expect(new Set(acks).isSubsetOf(new Set(kept.map(({ id }) => id)))).toBe(true);
  expect(kept.filter(({ message_type }) => message_type === 'file')).toHaveLength(1);
  await stop(again);
});

/** Resolves once the server has taken the request and waits for the rest of its body. */
async function beginUpload(
  token: string,
  url: string,
  agent?: Agent,
): Promise<{ finish(): Promise<number> }> {
  const boundary = 'the-boundary';
  const upload = request(url, {
    method: 'POST',
    ...(agent !== undefined && { agent }),
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
      expect: '100-continue',
    },
  });
  const answered = once(upload, 'response');
  // Told by `finish`, if anybody asks.
  answered.catch(() => undefined);
  upload.flushHeaders();
  await once(upload, 'continue');
  upload.write(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nfirst half, `,
  );
  return {
    async finish() {
      upload.end(`second half\r\n--${boundary}--\r\n`);
      const [response] = await answered;
      response.resume();
      return response.statusCode;
    },
  };
}

test('a second server on the same directory, and a port in use, are refused in one clear line', async () => {
  const first = await start();
  const second = await launch().ended;
  expect(second).toEqual({
    code: 1,
    stdout: '',
    stderr: `parley: Another Parley (pid ${first.child.pid}) is using ${dataDir}. Stop it first, or set PARLEY_DATA_DIR to another directory.\n`,
  });
  // The first one did not notice.
  expect((await (await clientOf(first, 'ann')).get('/api/conversations')).status).toBe(200);
  await stop(first);

  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as AddressInfo;
  expect(await launch({ PORT: String(port) }).ended).toEqual({
    code: 1,
    stdout: '',
    stderr: `parley: Port ${port} is in use: stop what listens there, or choose another with PORT.\n`,
  });
  expect(await findEmbedded(dataDir)).toBeNull();
  occupant.close();
});

test('a Ctrl-C that npm passes on a second time is one: it ends as cleanly', async () => {
  const server = await start();
  server.child.process.kill('SIGINT');
  server.child.process.kill('SIGINT');
  expect(await server.child.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await findEmbedded(dataDir)).toBeNull();
});

test('whoever insists on Ctrl-C ends it at once, and its Postgres with it', async () => {
  const server = await start();
  const ann = await clientOf(server, 'ann');
  const group = await ann.group({ id: 'bob' });
  const socket = await TestSocket.open(server.origin, ann.bearer);
  // Half a request that never ends keeps it from stopping.
  const upload = await beginUpload(ann.bearer, `${server.origin}/api/conversations/${group.id}/upload`);
  const insisting = setInterval(() => server.child.process.kill('SIGINT'), 100);
  expect(await socket.closed()).toBe(1001);
  expect((await server.child.ended).code).toBe(1);
  clearInterval(insisting);
  await expect(upload.finish()).rejects.toThrow();
});
