/**
 * REST sends, durable: 64 senders over 200 conversations of 5, against pgbench calling the same statement one message
 * at a time (16 clients, prepared) on the same Postgres, in interleaved rounds. Prints each round and the ratio of the
 * medians. `node bench/sends.ts [--seconds 5] [--rounds 3] [--at-least 0.7]`
 *
 * The load generator is this process: raw sockets and prepared bytes, so that it is not what is measured (its share of
 * the CPU is printed). pgbench must be on the PATH (Debian: postgresql-contrib, macOS: libpq).
 */
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { SignJWT } from 'jose';
import pg from 'pg';
import { migrate } from '../packages/server/src/store/migrate.ts';
import { startEmbedded } from '../packages/server/src/store/embedded.ts';

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

const secret = 'a secret for one run of a bench, 32+';
const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
let serverPid = 0;
const postgres = await startEmbedded(folder);
try {
  await migrate(postgres.url);
  await seed(postgres.url);
  const server = await startServer(postgres.url);
  try {
    const results = { rest: [] as number[], pgbench: [] as number[] };
    await load(server.port, 2);
    await pgbench(postgres.url, 2);
    for (let round = 1; round <= rounds; round++) {
      const rest = await load(server.port, seconds);
      const one = await pgbench(postgres.url, seconds);
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
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
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

async function startServer(databaseUrl: string) {
  const child = spawn(
    process.execPath,
    [new URL('../packages/server/bin/parley.js', import.meta.url).pathname, 'start'],
    {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: databaseUrl,
        JWT_SECRET: secret,
        HOST: '127.0.0.1',
        PORT: '0',
        PARLEY_DATA_DIR: join(folder, 'data'),
        LOG_LEVEL: 'info',
        RATE_LIMITS: JSON.stringify({ message_send: { student: [1_000_000_000, 60] } }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let port = 0;
  for await (const line of createInterface(child.stdout)) {
    const match = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
    if (match !== null) port = Number(match[1]);
    if (port > 0) break;
  }
  child.stdout.resume();
  serverPid = child.pid ?? 0;
  return {
    port,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Microseconds of CPU that a process has used. */
async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function load(port: number, duration: number) {
  const tokens = await Promise.all(
    Array.from({ length: members }, (_, i) =>
      new SignJWT({ role: 'authenticated' })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(`u${i + 1}`)
        .setAudience('authenticated')
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(secret)),
    ),
  );
  const until = performance.now() + duration * 1000;
  const times: number[] = [];
  const [serverBefore, ownBefore] = [await cpuOf(serverPid), process.cpuUsage()];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: senders }, (_, i) => sendUntil(port, tokens[i % members] ?? '', until, times)),
  );
  const elapsed = (performance.now() - started) / 1000;
  const own = process.cpuUsage(ownBefore);
  times.sort((a, b) => a - b);
  return {
    rate: times.length / elapsed,
    p50: times[Math.floor(times.length * 0.5)] ?? NaN,
    p99: times[Math.floor(times.length * 0.99)] ?? NaN,
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
  const script = join(folder, 'send.sql');
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
