import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findBinaries } from './embedded/binaries.ts';
import { clusterPath, ensureCluster, explain, readPassword, superuser } from './embedded/cluster.ts';
import { chooseLauncher, type Launcher } from './embedded/launcher.ts';
import { startLeashed, type Leashed } from './embedded/leash.ts';
import { openLog, type PostgresLog } from './embedded/log.ts';
import { runningPostmaster, stopStray, untilReady } from './embedded/postmaster.ts';
import { Supervisor, type EmbeddedPostgres } from './embedded/supervisor.ts';

export type { EmbeddedPostgres };

export interface EmbeddedOptions {
  /** Told, in a sentence, when Postgres died, is started again, or takes long to start. */
  readonly onEvent?: (message: string) => void;
  /** Milliseconds before each attempt to start it again after it died; after the last one it is given up. */
  readonly backoffMs?: readonly number[];
  /** Settings of Postgres over Parley's own. Tests turn `fsync` off. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** In force whatever the data directory's own files say: it belongs to Parley, and nobody else tunes it. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // The path of a socket is limited to 107 bytes, and a data directory's is not.
  unix_socket_directories: '',
  max_connections: '50',
  // An acknowledged message is on disk.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // A small machine that it shares with the server. Few checkpoints mean few whole pages in the log, and so no
  // need to pay for compressing them. Parallel queries want shared memory that containers do not have.
  shared_buffers: '128MB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  timezone: 'UTC',
  // What people write to each other must not get into a log: neither statements nor the values in a `DETAIL`.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
};

/** How often a start is tried when the port was taken in between, or old backends still hold on to their memory. */
const attempts = 20;
const patienceMs = 500;
const backoffMs = [100, 200, 400, 800, 1600, 3200, 6400];
/** Milliseconds after which a start is reported as slow: it replays what a crash left. */
const slowMs = 5000;

/**
 * Starts Parley's own Postgres in `dataDir`, making its data directory at the first start. It never outlives this
 * process, is started again if it dies, and answers on the loopback alone. The caller holds the directory's lock.
 * @throws Error with a sentence for an operator: no Postgres for this platform, root without a way out, disk full,
 * broken data directory, data of another version
 */
export async function startEmbedded(
  dataDir: string,
  options: EmbeddedOptions = {},
): Promise<EmbeddedPostgres> {
  const directory = resolve(dataDir);
  const binaries = await findBinaries();
  const launcher = await chooseLauncher(binaries, directory);
  await stopStray(clusterPath(directory));
  const { password } = await ensureCluster(directory, binaries, launcher);
  const log = await openLog(directory);
  const server = new Server(binaries.postgres, clusterPath(directory), launcher, log, options);
  try {
    const { port, leashed } = await startOnFreePort(directory, server);
    const url = urlOf(password, port);
    return new Supervisor(url, leashed, () => server.start(port), {
      backoffMs: options.backoffMs ?? backoffMs,
      onEvent: options.onEvent ?? (() => undefined),
      onEnd: () => log.close(),
    });
  } catch (error) {
    log.close();
    throw error;
  }
}

/** The embedded Postgres that some server runs in `dataDir` at this moment; null if there is none. */
export async function findEmbedded(dataDir: string): Promise<{ url: string; pid: number } | null> {
  const directory = resolve(dataDir);
  const running = await runningPostmaster(clusterPath(directory));
  const password = running && (await readPassword(directory));
  return running && password ? { url: urlOf(password, running.port), pid: running.pid } : null;
}

const urlOf = (password: string, port: number): string =>
  `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`;

/** One data directory's Postgres, which can be started again and again. */
class Server {
  readonly #command: string;
  readonly #cluster: string;
  readonly #launcher: Launcher;
  readonly #log: PostgresLog;
  readonly #options: EmbeddedOptions;

  constructor(
    command: string,
    cluster: string,
    launcher: Launcher,
    log: PostgresLog,
    options: EmbeddedOptions,
  ) {
    this.#command = command;
    this.#cluster = cluster;
    this.#launcher = launcher;
    this.#log = log;
    this.#options = options;
  }

  /** Resolves once it takes connections. @throws StartFailure */
  async start(port: number): Promise<Leashed> {
    const from = await this.#log.size();
    const flags = Object.entries({ ...settings, ...this.#options.settings, port: `${port}` });
    const args = ['-D', this.#cluster, ...flags.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const leashed = await startLeashed(this.#launcher, this.#command, args, this.#log.descriptor);
    const ending = await this.#readyOrExited(leashed);
    if (ending === null) return leashed;
    throw new StartFailure(ending, await this.#log.readFrom(from), this.#log.path);
  }

  async #readyOrExited(leashed: Leashed): Promise<string | null> {
    const over = new AbortController();
    const slow = setTimeout(() => {
      this.#options.onEvent?.(`Postgres is taking long to start, probably recovering; see ${this.#log.path}`);
    }, slowMs);
    try {
      const ready = untilReady(this.#cluster, leashed.pid, over.signal).then(() => null);
      return await Promise.race([ready, leashed.exited]);
    } finally {
      clearTimeout(slow);
      over.abort();
    }
  }
}

/** Postgres ended before it was ready. */
class StartFailure extends Error {
  readonly portTaken: boolean;
  readonly memoryHeld: boolean;

  constructor(ending: string, output: string, logPath: string) {
    super(
      `Parley's own Postgres could not start (${ending}): ${explain(output)}\n  The whole log: ${logPath}`,
    );
    this.name = 'StartFailure';
    this.portTaken = /could not bind|address already in use/i.test(output);
    this.memoryHeld = /pre-existing shared memory block|lock file "postmaster.pid" already exists/i.test(
      output,
    );
  }
}

/** On the port of the last run where that is free. */
async function startOnFreePort(
  directory: string,
  server: Server,
): Promise<{ port: number; leashed: Leashed }> {
  const file = join(directory, 'postgres-port');
  let wanted = Number(await readFile(file, 'utf8').catch(() => '0'));
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(wanted);
    try {
      const leashed = await server.start(port);
      if (port !== wanted) await writeFile(file, `${port}\n`, { mode: 0o600 });
      return { port, leashed };
    } catch (error) {
      if (!(error instanceof StartFailure) || attempt === attempts) throw error;
      if (error.portTaken) wanted = 0;
      else if (error.memoryHeld) await delay(patienceMs);
      else throw error;
    }
  }
}

/** `wanted` if it is free, else any. */
async function freePort(wanted: number): Promise<number> {
  const valid = Number.isInteger(wanted) && wanted > 0 && wanted < 65_536;
  return (valid ? await tryListen(wanted) : null) ?? (await tryListen(0)) ?? freePort(0);
}

const tryListen = (port: number): Promise<number | null> =>
  new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(null));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address();
      const found = typeof address === 'object' && address !== null ? address.port : null;
      probe.close(() => done(found));
    });
  });
