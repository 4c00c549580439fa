/** Postgres and Redis: real ones, that can be killed, stopped and started again. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { hasRedis, startRedis } from '../packages/server/src/redis/redis-process.ts';
import { startEmbedded } from '../packages/server/src/store/embedded.ts';

export interface Postgres {
  readonly url: string;
  /** `SIGKILL` to the postmaster: what was committed must be there again after recovery. */
  kill(): void;
  /** A fast shutdown; it is started again at once. */
  restart(): void;
  /** Stops every process of it, and lets them go on. */
  pause(): Promise<() => void>;
  /** Resolves once it answers. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The embedded Postgres, which starts again by itself. Writes are not forced to disk: only processes die here, not the
 * machine, and what a process has written stays. Commits are waited for as in production.
 */
export async function startPostgres(folder: string): Promise<Postgres> {
  const directory = join(folder, 'postgres');
  await mkdir(directory);
  const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '100' };
  // It dies more often here than in its whole life elsewhere, and must never be given up.
  const backoffMs = Array.from({ length: 10_000 }, () => 300);
  const postgres = await startEmbedded(directory, { settings, backoffMs });
  return {
    url: postgres.url,
    kill: () => signal(postgres.pid, 'SIGKILL'),
    restart: () => signal(postgres.pid, 'SIGINT'),
    async pause() {
      const { pid } = postgres;
      signal(pid, 'SIGSTOP');
      const all = [pid, ...(await childrenOf(pid))];
      for (const each of all) signal(each, 'SIGSTOP');
      return () => {
        for (const each of all) signal(each, 'SIGCONT');
      };
    },
    ready: () => untilAnswers(postgres.url),
    stop: () => postgres.stop(),
  };
}

/** A process that ended meanwhile is no failure: faults overlap. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  try {
    const { stdout } = await promisify(execFile)('pgrep', ['-P', `${pid}`]);
    return stdout.trim().split('\n').map(Number);
  } catch {
    // `pgrep` fails where there are none.
    return [];
  }
}

async function untilAnswers(url: string): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch {
      await delay(100);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

export interface Redis {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  flush(): void;
  /** Cuts the connections that events come by, and no others. */
  killSubscriptions(): void;
  remove(): Promise<void>;
}

/** @throws Error where there is no `redis-server` to start */
export async function startRedisServer(): Promise<Redis> {
  if (!hasRedis) {
    throw new Error(
      'npm run chaos needs redis-server on the PATH: install Redis 7 or Valkey and run it again.',
    );
  }
  const redis = await startRedis();
  process.once('exit', () => void redis.kill());
  return {
    url: redis.url,
    kill: () => redis.kill(),
    start: () => redis.start(),
    pause: () => redis.pause(),
    resume: () => redis.resume(),
    flush: () => tell(redis.port, 'FLUSHALL'),
    killSubscriptions: () => tell(redis.port, 'CLIENT KILL TYPE pubsub'),
    remove: () => redis.remove(),
  };
}

/** One inline command; if Redis is away at the moment, so be it. */
function tell(port: number, command: string): void {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(5000, () => socket.destroy());
  socket.on('error', () => undefined).on('data', () => socket.end());
  socket.write(`${command}\r\n`);
}
