import { execFileSync, spawn } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { endChildren, startNode, type Child } from '../../test/support/child.ts';
import { findEmbedded, startEmbedded, type EmbeddedOptions, type EmbeddedPostgres } from './embedded.ts';
import { findBinaries } from './embedded/binaries.ts';

const program = fileURLToPath(new URL('../../test/support/data-dir-process.ts', import.meta.url));
const isRoot = process.geteuid?.() === 0;
const quick = { fsync: 'off' };

let dataDir: string;
const started: EmbeddedPostgres[] = [];

/** Where a first start and a stop have been: making a data directory is slow, and one test does it anew. */
let made: string;

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'parley-embedded-'));
  await (await startEmbedded(made, { settings: quick })).stop();
});

afterAll(() => rm(made, { recursive: true, force: true }));

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-embedded-'));
});

const useMade = (): Promise<void> => cp(made, dataDir, { recursive: true });

afterEach(async () => {
  await endChildren();
  await Promise.all(started.splice(0).map((postgres) => postgres.stop()));
  await expect.poll(() => findEmbedded(dataDir), { timeout: 10_000 }).toBeNull();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: EmbeddedOptions = {}): Promise<EmbeddedPostgres> {
  const postgres = await startEmbedded(dataDir, { settings: quick, ...options });
  started.push(postgres);
  return postgres;
}

async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

const answers = (url: string): Promise<boolean> =>
  query(url, 'select 1').then(
    () => true,
    () => false,
  );

async function startProcess(): Promise<{ child: Child; url: string; pid: number }> {
  const child = startNode(program, [dataDir, 'postgres'], { detached: true });
  const { url, pid } = JSON.parse(await child.line()) as { url: string; pid: number };
  return { child, url, pid };
}

async function killServer(child: Child): Promise<void> {
  child.process.kill('SIGKILL');
  await child.ended;
}

test('what was written is there after a restart, at the same address', async () => {
  const first = await start();
  await query(first.url, 'create table kept as select 42 as n');
  await first.stop();
  expect(await first.exited).toBeNull();
  expect(await answers(first.url)).toBe(false);
  const second = await start();
  expect(await query(second.url, 'select n from kept')).toEqual([{ n: 42 }]);
  expect(second.url).toBe(first.url);
});

test('it is durable, and listens on the loopback alone, with a password that only its owner can read', async () => {
  await useMade();
  const { url } = await start({ settings: {} });
  const names = [
    'fsync',
    'synchronous_commit',
    'listen_addresses',
    'unix_socket_directories',
    'server_encoding',
  ];
  const values = await Promise.all(
    names.map((name) => query(url, `select current_setting('${name}') as it`)),
  );
  expect(values.flat().map((row) => row.it)).toEqual(['on', 'on', '127.0.0.1', '', 'UTF8']);
  expect((await stat(join(dataDir, 'postgres-password'))).mode & 0o777).toBe(0o600);
  const wrong = new URL(url);
  wrong.password = 'guess';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
});

test('names without their schema are not found by luck', async () => {
  await useMade();
  const { url } = await start();
  await query(url, 'create schema parley; create table parley.hidden ()');
  await expect(query(url, 'select * from hidden')).rejects.toThrow(/does not exist/);
});

test('what people write does not get into its log', async () => {
  await useMade();
  const { url } = await start();
  await query(url, 'create table letters (content text primary key)');
  await query(url, `insert into letters values ('a secret')`);
  await expect(query(url, `insert into letters values ('a secret')`)).rejects.toThrow(/duplicate key/);
  const log = await readFile(join(dataDir, 'postgres.log'), 'utf8');
  expect(log).toContain('duplicate key');
  expect(log).not.toContain('secret');
});

test('kill -9 of the server takes Postgres with it, and keeps what was acknowledged', async () => {
  await useMade();
  const { child, url } = await startProcess();
  await query(url, 'create table kept as select 42 as n');
  await killServer(child);
  await expect.poll(() => answers(url), { timeout: 10_000 }).toBe(false);
  const { url: again } = await start();
  expect(await query(again, 'select n from kept')).toEqual([{ n: 42 }]);
});

test("the terminal's Ctrl-C reaches the server only, so that it can finish its work before Postgres goes", async () => {
  await useMade();
  const { child, url } = await startProcess();
  process.kill(-child.pid, 'SIGINT');
  expect(await child.line()).toBe('{"answer":"still here"}');
  expect((await child.ended).code).toBe(0);
  expect(await answers(url)).toBe(false);
});

test('a Postgres whose leash was killed too is stopped by the next start', async () => {
  await useMade();
  const { child, url, pid } = await startProcess();
  const processes = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n');
  const leashes = processes.filter((line) => line.includes('parley-postgres') && line.includes(dataDir));
  expect(leashes).not.toEqual([]);
  for (const line of leashes) process.kill(Number.parseInt(line, 10), 'SIGKILL');
  await killServer(child);
  expect(await answers(url)).toBe(true);
  const next = await start();
  expect(next.pid).not.toBe(pid);
  expect(await answers(next.url)).toBe(true);
});

test('a postmaster.pid whose number belongs to somebody else by now heals', async () => {
  await useMade();
  const first = await start();
  const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
  const content = await readFile(pidFile, 'utf8');
  await first.stop();
  const { uid, gid } = await stat(join(dataDir, 'postgres'));
  const stranger = spawn('/bin/cat', [], { cwd: '/', ...(isRoot && { uid, gid }) });
  await writeFile(pidFile, content.replace(/^\d+/, `${stranger.pid}`));
  await chown(pidFile, uid, gid);
  try {
    expect(await answers((await start()).url)).toBe(true);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  } finally {
    stranger.kill();
  }
});

test('it comes back by itself, at the same address, when somebody kills it', async () => {
  await useMade();
  const events: string[] = [];
  const postgres = await start({ onEvent: (message) => events.push(message) });
  await query(postgres.url, 'create table kept as select 42 as n');
  const before = postgres.pid;
  process.kill(before, 'SIGKILL');
  await expect.poll(() => events, { timeout: 15_000 }).toContain('Postgres is running again');
  expect(events[0]).toBe("Parley's own Postgres died (killed by SIGKILL); starting it again");
  expect(postgres.pid).not.toBe(before);
  expect(await query(postgres.url, 'select n from kept')).toEqual([{ n: 42 }]);
});

test('when it cannot be kept running, the server is told why', async () => {
  await useMade();
  const postgres = await start({ backoffMs: [10, 20] });
  await rm(join(dataDir, 'postgres', 'global', 'pg_control'));
  process.kill(postgres.pid, 'SIGKILL');
  expect((await postgres.exited)?.message).toMatch(/could not start[\s\S]*pg_control/);
});

test('a port that is taken in the meantime is exchanged for another', async () => {
  await useMade();
  const first = await start();
  await first.stop();
  const { port } = new URL(first.url);
  const squatter = createServer().listen(Number(port), '127.0.0.1');
  try {
    const second = await start();
    expect(new URL(second.url).port).not.toBe(port);
    expect(await answers(second.url)).toBe(true);
  } finally {
    squatter.close();
  }
});

test('a crash in the middle of the first start leaves nothing that the next one minds', async () => {
  await mkdir(join(dataDir, 'postgres.new-0123', 'base'), { recursive: true });
  expect(await answers((await start()).url)).toBe(true);
  expect((await readdir(dataDir)).filter((name) => name.startsWith('postgres.new'))).toEqual([]);
});

test('a lost password is replaced', async () => {
  await useMade();
  await rm(join(dataDir, 'postgres-password'));
  expect(await answers((await start()).url)).toBe(true);
});

test('data of another version is refused with the way out', async () => {
  await useMade();
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '15\n');
  await expect(start()).rejects.toThrow(
    /was made by Postgres 15, and this Parley brings Postgres \d+\. .*DATABASE_URL/,
  );
});

test('a directory that is not of Postgres is refused, not overwritten', async () => {
  await mkdir(join(dataDir, 'postgres'));
  await writeFile(join(dataDir, 'postgres', 'precious'), '');
  await expect(start()).rejects.toThrow(/is not a whole Postgres data directory/);
  expect(await readdir(join(dataDir, 'postgres'))).toEqual(['precious']);
});

test('a broken data directory ends in the lines of the log that say why', async () => {
  await useMade();
  await rm(join(dataDir, 'postgres', 'global', 'pg_control'));
  await expect(start()).rejects.toThrow(
    /could not start \(exit code \d\): [\s\S]*pg_control[\s\S]*postgres\.log/,
  );
});

test('a running one is found by its directory, and only then', async () => {
  await useMade();
  expect(await findEmbedded(dataDir)).toBeNull();
  const postgres = await start();
  expect(await findEmbedded(dataDir)).toEqual({ url: postgres.url, pid: postgres.pid });
  await postgres.stop();
  expect(await findEmbedded(dataDir)).toBeNull();
});

test('a platform without Postgres binaries is told to set DATABASE_URL', async () => {
  await expect(findBinaries('freebsd-x64')).rejects.toThrow(/freebsd-x64: set DATABASE_URL/);
});

test.skipIf(!isRoot)('as root it runs as somebody else, in closed folders and in open ones', async () => {
  for (const mode of [0o700, 0o755]) {
    await chmod(dataDir, 0o755);
    const parent = join(dataDir, `parent-${mode}`);
    const inner = join(parent, 'data');
    await mkdir(inner, { recursive: true });
    await chmod(parent, mode);
    const postgres = await startEmbedded(inner, { settings: quick });
    started.push(postgres);
    expect(await answers(postgres.url)).toBe(true);
    expect((await stat(`/proc/${postgres.pid}`)).uid).not.toBe(0);
    await postgres.stop();
  }
});

test.skipIf(!isRoot)('a data directory that root copied without its owner is put right', async () => {
  await useMade();
  const cluster = join(dataDir, 'postgres');
  for (const name of await readdir(cluster, { recursive: true })) await chown(join(cluster, name), 0, 0);
  await chown(cluster, 0, 0);
  expect(await answers((await start()).url)).toBe(true);
});
