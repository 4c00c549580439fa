/**
 * Coming back. `node bench/reconnect.ts [--sockets 5000] [--storm-at-most 15] [--stayers-at-most 1000] [--offline-at-most 2]`
 *
 * A storm: that many people, each in some 20 groups of 10, lose their sockets at once; 10,000 messages are sent while
 * they are away; then all connect to one node at the same moment and resume. Printed: when they had caught up, and what
 * those who stayed connected waited for their messages meanwhile (they run in a thread of their own, so that it is the
 * server that they wait for).
 *
 * An hour offline: one person in 50 conversations, in each of which 200 messages were sent, edited or deleted; by REST
 * and by WebSocket, each page counted.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ServerFrame, SyncAnswer } from '@parley/protocol';
import pg from 'pg';
import { WebSocket } from 'ws';
import { quantile } from './figures.ts';
import { cpuOf, type Program } from './program.ts';
import { openStage, tokenFor } from './stage.ts';

const groupSize = 10;
const groupsEach = 20;
const missedMessages = 10_000;
const stayers = 50;
/** Messages a second of all that stay. */
const stayerRate = 100;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sockets: { type: 'string', default: '5000' },
      'storm-at-most': { type: 'string', default: '15' },
      'stayers-at-most': { type: 'string', default: '1000' },
      'offline-at-most': { type: 'string', default: '2' },
    },
  });
  const stage = await openStage();
  const server = await stage.startServer({ RATE_LIMITS: 'off' });
  const client = new pg.Client(stage.databaseUrl);
  await client.connect();
  try {
    const storm = await measureStorm(client, server, Number(values.sockets));
    const offline = await measureOffline(client, server);
    const isGood =
      storm.seconds <= Number(values['storm-at-most']) &&
      storm.stayersP99 <= Number(values['stayers-at-most']) &&
      offline <= Number(values['offline-at-most']);
    if (!isGood) process.exitCode = 1;
  } finally {
    await client.end();
    await server.stop();
    await stage.close();
  }
}

// --- a storm ----------------------------------------------------------------------------------------------------------

async function measureStorm(client: pg.Client, server: Program, sockets: number) {
  await seedStorm(client, sockets);
  const names = Array.from({ length: sockets }, (_, n) => `p${n}`);
  const tokens = await Promise.all(names.map(tokenFor));
  const before: WebSocket[] = [];
  for (let n = 0; n < sockets; n += 100) {
    const some = tokens.slice(n, n + 100).map((token) => arrive(server.port, token, null));
    before.push(...(await Promise.all(some)).map(({ socket }) => socket));
  }
  const stayerTokens = await Promise.all(Array.from({ length: stayers }, (_, n) => tokenFor(`s${n}`)));
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { port: server.port, tokens: stayerTokens },
  });
  await once(worker, 'message');
  const calm = await during(worker, () => new Promise((resolve) => setTimeout(resolve, 3000)));

  // One moment from which on all of them are away, for less than the grace in which nobody is shown as gone.
  const last = await arrive(server.port, tokens[0] ?? '', null);
  for (const socket of [...before, last.socket]) socket.terminate();
  await sendMissed(client, sockets);
  const cpu = await cpuOf(server.pid);
  const started = performance.now();
  const times: number[] = [];
  let messages = 0;
  let back: Arrived[] = [];
  const stormy = await during(worker, async () => {
    back = await Promise.all(
      tokens.map(async (token) => {
        const each = await arrive(server.port, token, last.cursor);
        times.push((performance.now() - started) / 1000);
        messages += each.messages;
        return each;
      }),
    );
  });
  const seconds = Math.max(...times);
  const used = ((await cpuOf(server.pid)) - cpu) / 1e6;
  for (const { socket } of back) socket.terminate();
  await worker.terminate();
  console.log(
    `storm: ${sockets} sockets caught up with ${messages} messages: p50 ${quantile(times, 0.5).toFixed(1)} s, ` +
      `p99 ${quantile(times, 0.99).toFixed(1)} s, all ${seconds.toFixed(1)} s (server ${used.toFixed(1)} s of CPU)`,
  );
  console.log(
    `stayers: delivery p99 ${quantile(calm, 0.99).toFixed(0)} ms in calm (${calm.length}), ` +
      `p50 ${quantile(stormy, 0.5).toFixed(0)} ms, p99 ${quantile(stormy, 0.99).toFixed(0)} ms in the storm (${stormy.length})`,
  );
  return { seconds, stayersP99: quantile(stormy, 0.99) };
}

/** What the stayers waited for their messages while something went on, in milliseconds. */
async function during(worker: Worker, work: () => Promise<unknown>): Promise<number[]> {
  worker.postMessage('begin');
  await work();
  worker.postMessage('end');
  const [times] = (await once(worker, 'message')) as [number[]];
  return times;
}

interface Arrived {
  readonly socket: WebSocket;
  readonly cursor: string;
  readonly messages: number;
}

/** Connects, and with a cursor catches up. */
function arrive(port: number, token: string, cursor: string | null): Promise<Arrived> {
  const { promise, resolve, reject } = Promise.withResolvers<Arrived>();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/ws`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    handshakeTimeout: 60_000,
  });
  let messages = 0;
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as ServerFrame;
    if (frame.type === 'connected' && cursor === null) resolve({ socket, cursor: frame.cursor, messages });
    else if (frame.type === 'connected') socket.send(JSON.stringify({ type: 'resume', cursor }));
    else if (frame.type === 'error') reject(new Error(JSON.stringify(frame)));
    if (frame.type !== 'sync') return;
    messages += countMessages(frame);
    if (!frame.has_more) resolve({ socket, cursor: frame.cursor, messages });
  });
  socket.on('error', reject);
  socket.on('unexpected-response', (_, response) => reject(new Error(`status ${response.statusCode}`)));
  socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
  return promise;
}

const countMessages = ({ conversations }: Pick<SyncAnswer, 'conversations'>): number =>
  conversations.reduce((sum, { messages }) => sum + messages.length, 0);

async function seedStorm(client: pg.Client, sockets: number): Promise<void> {
  const groups = Math.ceil((sockets * groupsEach) / groupSize);
  await seedGroups(client, 1, groups, groupSize, `'p' || (($3::int * n * 7919 + m * 104729) % ${sockets})`);
  await seedGroups(client, 2, stayers / 2, 2, `'s' || (2 * (n - 1) + m - 1 + 0 * $3::int)`);
  await client.query('vacuum analyze');
}

/** Groups with ids that can be computed; `member` is SQL over `n` (the group) and `m` (the place in it). */
async function seedGroups(
  client: pg.Client,
  kind: number,
  count: number,
  size: number,
  member: string,
): Promise<void> {
  await client.query('begin');
  await client.query(
    `insert into parley.conversations (id, type, created_by, participant_count, activity)
     select ${groupId}, 'group', 'nobody', $3, parley.activity_now() from generate_series(1, $2::int) n`,
    [kind, count, size],
  );
  await client.query(
    `insert into parley.conversation_participants (conversation_id, user_id, role, version)
     select ${groupId}, ${member}, 'participant', 1
     from generate_series(1, $2::int) n, generate_series(1, $3::int) m on conflict do nothing`,
    [kind, count, size],
  );
  await client.query('commit');
}

/** Over `$1`, the kind, and `n`. */
const groupId = `('00000000-000' || $1::int || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
const idOfGroup = (kind: number, n: number): string =>
  `00000000-000${kind}-7000-8000-${n.toString(16).padStart(12, '0')}`;

async function sendMissed(client: pg.Client, sockets: number): Promise<void> {
  const groups = Math.ceil((sockets * groupsEach) / groupSize);
  for (let sent = 0; sent < missedMessages; sent += 500) {
    const ids = Array.from({ length: 500 }, (_, n) => idOfGroup(1, 1 + ((sent + n) % groups)));
    await sendBatch(client, ids, 'system', true);
  }
}

async function sendBatch(client: pg.Client, ids: readonly string[], sender: string, trusted: boolean) {
  const all = (value: unknown): unknown[] => ids.map(() => value);
  await client.query(
    `select * from parley.send_messages($1::uuid[], $2::text[], $3::boolean[],
       array(select gen_random_uuid() from generate_series(1, cardinality($1::uuid[]))), $4::text[], $5::text[],
       $6::uuid[], $7::jsonb[], $8::text[], $9::bytea[], array['participant'], false)`,
    [
      ids,
      all(sender),
      all(trusted),
      all('A message of a common length, as people write them.'),
      all('text'),
      all(null),
      all('{}'),
      all(null),
      all(null),
    ],
  );
}

/** In a thread: pairs who go on talking. Tells its parent that it is ready, and after each `end` what it measured. */
function stay({ port, tokens }: { port: number; tokens: string[] }): void {
  const sentAt = new Map<string, number>();
  let times: number[] = [];
  const sockets = tokens.map((token) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/ws`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ServerFrame;
      const sent = frame.type === 'new_message' ? sentAt.get(frame.message.content) : undefined;
      if (frame.type !== 'new_message' || sent === undefined) return;
      // The second of the two to receive it.
      times.push(performance.now() - sent);
    });
    return socket;
  });
  let number = 0;
  void Promise.all(sockets.map((socket) => once(socket, 'message'))).then(() => {
    parentPort?.postMessage('ready');
    setInterval(() => {
      const sender = number % tokens.length;
      const content = `message ${number++}`;
      sentAt.set(content, performance.now());
      sockets[sender]?.send(
        JSON.stringify({
          type: 'send_message',
          conversation_id: idOfGroup(2, 1 + Math.floor(sender / 2)),
          content,
        }),
      );
    }, 1000 / stayerRate);
  });
  parentPort?.on('message', (message) => {
    if (message === 'end') parentPort?.postMessage(times);
    times = [];
  });
}

// --- an hour offline ----------------------------------------------------------------------------------------------------

async function measureOffline(client: pg.Client, server: Program): Promise<number> {
  await seedGroups(client, 3, 50, 2, `case m when 1 then 'away' else 'w' || n end || substr('', 1, $3::int)`);
  const token = await tokenFor('away');
  const { socket, cursor } = await arrive(server.port, token, null);
  socket.terminate();
  for (let n = 1; n <= 50; n++) {
    await sendBatch(
      client,
      Array.from({ length: 200 }, () => idOfGroup(3, n)),
      `w${n}`,
      false,
    );
  }
  let [pages, messages, bytes] = [0, 0, 0];
  const started = performance.now();
  for (let next: string | null = cursor; next !== null;) {
    const response = await fetch(`http://127.0.0.1:${server.port}/api/sync?cursor=${next}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await response.text();
    const answer = JSON.parse(text) as SyncAnswer;
    [pages, messages, bytes] = [pages + 1, messages + countMessages(answer), bytes + text.length];
    next = answer.has_more ? answer.cursor : null;
  }
  const rest = (performance.now() - started) / 1000;
  const before = performance.now();
  const back = await arrive(server.port, token, cursor);
  const resumed = (performance.now() - before) / 1000;
  back.socket.terminate();
  console.log(
    `an hour offline: ${messages} messages of 50 conversations in ${pages} pages of ${(bytes / pages / 1e6).toFixed(1)} MB: ` +
      `REST ${rest.toFixed(2)} s, WebSocket ${resumed.toFixed(2)} s (${back.messages} messages)`,
  );
  if (messages !== 10_000 || back.messages !== 10_000) throw new Error('not all that changed was told');
  return Math.max(rest, resumed);
}

if (isMainThread) await main();
else stay(workerData as { port: number; tokens: string[] });
