/**
 * REST sends, durable: 64 senders over 200 conversations of 5, against pgbench calling the same statement one message
 * at a time (16 clients, prepared) on the same Postgres, in interleaved rounds. Prints each round and the ratio of the
 * medians. `node bench/sends.ts [--seconds 5] [--rounds 3] [--at-least 0.7]`
 *
 * The load generator is this process: raw sockets and prepared bytes, so that it is not what is measured (its share of
 * the CPU is printed). pgbench must be on the PATH (Debian: postgresql-contrib, macOS: libpq).
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { cpuOf, openStage, quantile, tokenFor } from './stage.ts';

const conversations = 200;
const members = 5;
const senders = 64;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    'at-least': { type: 'string', default: '0.7' },
  },
});
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);

let serverPid = 0;
const stage = await openStage();
try {
  await seed(stage.databaseUrl);
  const server = await stage.startServer({
    RATE_LIMITS: JSON.stringify({ message_send: { student: [1_000_000_000, 60] } }),
  });
  serverPid = server.pid;
  try {
    const results = { rest: [] as number[], pgbench: [] as number[] };
    await load(server.port, 2);
    await pgbench(stage.databaseUrl, 2);
    for (let round = 1; round <= rounds; round++) {
      const rest = await load(server.port, seconds);
      const one = await pgbench(stage.databaseUrl, seconds);
      results.rest.push(rest.rate);
      results.pgbench.push(one);
      console.log(
        `round ${round}: REST ${rest.rate.toFixed(0)}/s (p50 ${rest.p50.toFixed(1)} ms, p99 ${rest.p99.toFixed(1)} ms, ` +
          `server ${rest.serverCpu.toFixed(0)} µs CPU a send, generator ${rest.ownCpu.toFixed(0)} µs), pgbench one by one ${one.toFixed(0)}/s`,
      );
    }
    const ratio = median(results.rest) / median(results.pgbench);
    console.log(`REST ÷ pgbench = ${ratio.toFixed(2)} (at least ${options['at-least']})`);
    if (!(ratio >= Number(options['at-least']))) process.exitCode = 1;
  } finally {
    await server.stop();
  }
} finally {
  await stage.close();
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Ids that both generators can compute. */
function conversationId(n: number): string {
  return `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

async function seed(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `insert into parley.conversations (id, type, created_by, participant_count)
     select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'group', 'u1', $2 from generate_series(1, $1::int) n`,
    [conversations, members],
  );
  await client.query(
    `insert into parley.conversation_participants (conversation_id, user_id, role, version)
     select c.id, 'u' || m, 'participant', 1 from parley.conversations c, generate_series(1, $1::int) m`,
    [members],
  );
  await client.query('vacuum analyze');
  await client.end();
}

async function load(port: number, duration: number) {
  const tokens = await Promise.all(Array.from({ length: members }, (_, i) => tokenFor(`u${i + 1}`)));
  const until = performance.now() + duration * 1000;
  const times: number[] = [];
  const [serverBefore, ownBefore] = [await cpuOf(serverPid), process.cpuUsage()];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: senders }, (_, i) => sendUntil(port, tokens[i % members] ?? '', until, times)),
  );
  const elapsed = (performance.now() - started) / 1000;
  const own = process.cpuUsage(ownBefore);
  return {
    rate: times.length / elapsed,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    serverCpu: ((await cpuOf(serverPid)) - serverBefore) / times.length,
    ownCpu: (own.user + own.system) / times.length,
  };
}

/** One sender: a request, its answer, the next request. */
async function sendUntil(port: number, token: string, until: number, times: number[]): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const body = JSON.stringify({
    content: 'A message of a common length, as people write them.',
    message_type: 'text',
  });
  while (performance.now() < until) {
    const id = conversationId(1 + Math.floor(Math.random() * conversations));
    const started = performance.now();
    socket.write(
      `POST /api/conversations/${id}/messages HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await answered(socket);
    times.push(performance.now() - started);
  }
  socket.destroy();
}

function answered(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (text.length < head + 4 + length) return;
      socket.off('data', onData);
      if (text.startsWith('HTTP/1.1 201')) resolve();
      else reject(new Error(text));
    };
    socket.on('data', onData);
  });
}

async function pgbench(url: string, duration: number): Promise<number> {
  const script = join(stage.folder, 'send.sql');
  await writeFile(
    script,
    `\\set c random(1, ${conversations})
\\set m random(1, ${members})
select * from parley.send_messages(
  array[('00000000-0000-7000-8000-' || lpad(to_hex(:c::int), 12, '0'))::uuid], array['u' || :m::int], array[false], array[gen_random_uuid()],
  array['A message of a common length, as people write them.'], array['text'], array[null::uuid], array['{}'::jsonb],
  array[null::text], array[null::bytea], array['admin', 'moderator', 'participant'], false);
`,
  );
  const output = execFileSync(
    'pgbench',
    ['-n', '-M', 'prepared', '-c', '16', '-j', '2', '-T', String(duration), '-f', script, url],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return Number(/tps = ([\d.]+)/.exec(output)?.[1]);
}
