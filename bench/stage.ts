/** What every scenario needs: a Postgres, servers in processes of their own, and tokens. All of it goes with the run. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appRoles, limitTypes } from '@parley/protocol';
import { SignJWT } from 'jose';
import pg from 'pg';
import { startEmbedded } from '../packages/server/src/store/embedded.ts';
import { clusterPath } from '../packages/server/src/store/embedded/cluster.ts';
import { migrate } from '../packages/server/src/store/migrate.ts';
import { startProgram, type Program } from './program.ts';

const secret = 'a secret for one run of a bench, 32+';

export interface Stage {
  /** Empty when it begins, and gone when it ends. */
  readonly folder: string;
  readonly databaseUrl: string;
  /** Of the process that all others of Postgres descend from. */
  readonly postgresPid: number;
  readonly database: pg.Client;
  /** A server; with rate limits that are counted and never reached, unless `env` says otherwise. */
  startServer(env?: Record<string, string>): Promise<Program>;
  /** A program of `peers/`, given the database's address and what else it needs. */
  startPeer(file: string, env?: Record<string, string>): Promise<Program>;
  close(): Promise<void>;
}

/** Limits are at work, as they are for everybody, but nobody gets there. */
const generous = JSON.stringify(
  Object.fromEntries(
    limitTypes.map((type) => [type, Object.fromEntries(appRoles.map((role) => [role, [1_000_000_000, 60]]))]),
  ),
);

export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const postgres = await startEmbedded(folder);
  await migrate(postgres.url);
  const [pid] = (await readFile(join(clusterPath(folder), 'postmaster.pid'), 'utf8')).split('\n');
  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  const shared = { DATABASE_URL: postgres.url, JWT_SECRET: secret };
  return {
    folder,
    databaseUrl: postgres.url,
    postgresPid: Number(pid),
    database,
    startServer: (env = {}) =>
      startProgram('../packages/server/bin/parley.js', folder, {
        ...shared,
        HOST: '127.0.0.1',
        PORT: '0',
        PARLEY_DATA_DIR: join(folder, `data-${process.hrtime.bigint()}`),
        LOG_LEVEL: 'info',
        RATE_LIMITS: generous,
        ...env,
      }),
    startPeer: (file, env = {}) => startProgram(`./peers/${file}`, folder, { ...shared, ...env }),
    close: async () => {
      await database.end();
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
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(secret));
