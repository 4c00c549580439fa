/** What every scenario needs: a Postgres, a server in a process of its own, and tokens. All of it goes with the run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SignJWT } from 'jose';
import { startEmbedded } from '../packages/server/src/store/embedded.ts';
import { migrate } from '../packages/server/src/store/migrate.ts';

const secret = 'a secret for one run of a bench, 32+';

export interface Stage {
  /** Empty when it begins, and gone when it ends. */
  readonly folder: string;
  readonly databaseUrl: string;
  startServer(env?: Record<string, string>): Promise<BenchServer>;
  close(): Promise<void>;
}

export interface BenchServer {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const postgres = await startEmbedded(folder);
  await migrate(postgres.url);
  return {
    folder,
    databaseUrl: postgres.url,
    startServer: (env = {}) => startServer(folder, { DATABASE_URL: postgres.url, ...env }),
    close: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const tokenFor = (userId: string): Promise<string> =>
  new SignJWT({ role: 'authenticated' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience('authenticated')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));

async function startServer(folder: string, env: Record<string, string>): Promise<BenchServer> {
  const child = spawn(
    process.execPath,
    [new URL('../packages/server/bin/parley.js', import.meta.url).pathname, 'start'],
    {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        JWT_SECRET: secret,
        HOST: '127.0.0.1',
        PORT: '0',
        PARLEY_DATA_DIR: join(folder, 'data'),
        LOG_LEVEL: 'info',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const listening = Promise.withResolvers<number>();
  createInterface(child.stdout).on('line', (line) => {
    const address = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
    if (address !== null) listening.resolve(Number(address[1]));
    // A run in which the server complains measures something else than it says.
    if (/"level":"?(50|60|40|warn|error|fatal)/.test(line)) console.error(line);
  });
  child.once('exit', (code) => listening.reject(new Error(`the server ended with ${code}`)));
  return {
    port: await listening.promise,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Microseconds of CPU that a process has used. */
export async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** The value below which a part (0 to 1) of these lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
