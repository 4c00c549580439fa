/** A Redis of the tests' own: on a free port of the loopback, in a directory that goes with it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What may be on the PATH: both speak the same protocol. */
export type RedisServer = 'redis-server' | 'valkey-server';

const isThere = (server: RedisServer): boolean => spawnSync(server, ['--version']).status === 0;

export const hasRedis = isThere('redis-server');
export const hasValkey = isThere('valkey-server');

export interface RedisProcess {
  readonly url: string;
  readonly port: number;
  /** Of the process; 0 while there is none. */
  readonly pid: number;
  /** Starts it again, empty, where it was. */
  start(): Promise<void>;
  /** `SIGKILL`; resolves once it is gone. */
  kill(): Promise<void>;
  /** Stops it from answering while its connections stay, and lets it go on. */
  pause(): void;
  resume(): void;
  /** Kills it and removes its directory. */
  remove(): Promise<void>;
}

export async function startRedis(
  options: readonly string[] = [],
  server: RedisServer = 'redis-server',
): Promise<RedisProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-redis-'));
  const port = await freePort();
  const own = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  let child: ChildProcess | null = null;
  const redis: RedisProcess = {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      child = spawn(server, [...own, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
      await untilReady(child);
    },
    async kill() {
      if (child === null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      child = null;
      await gone;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async remove() {
      await redis.kill();
      await rm(directory, { recursive: true });
    },
  };
  await redis.start();
  return redis;
}

async function untilReady({ stdout }: ChildProcess): Promise<void> {
  if (stdout === null) throw new Error('redis-server has no output to read');
  const lines: string[] = [];
  for await (const line of createInterface(stdout)) {
    lines.push(line);
    if (!line.includes('Ready to accept connections')) continue;
    stdout.resume();
    return;
  }
  throw new Error(`redis-server did not start:\n${lines.join('\n')}`);
}

/** A port that is free, and leaves room for the second one that a cluster's node takes 10,000 above it. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    if (address !== null && typeof address === 'object' && address.port < 55_000) return address.port;
  }
}
