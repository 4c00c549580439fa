import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { chmod, chown, lchown, readFile, readdir, stat } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Binaries } from './binaries.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface LaunchOptions {
  readonly stdio?: StdioOptions;
  /** In a session of its own, out of reach of the terminal's Ctrl-C. */
  readonly detached?: boolean;
}

/** Starts Postgres' programs as somebody who may run them. */
export interface Launcher {
  /** Who owns what Postgres writes; null: whoever runs this process. */
  readonly owner: Account | null;
  /** Of the Postgres that it launches, such as `18.4`. */
  readonly version: string;
  launch(command: string, args: readonly string[], options?: LaunchOptions): ChildProcess;
}

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with `input` as its standard input. Rejects if it can't be started. */
export async function run(child: ChildProcess, input = ''): Promise<Output> {
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve).once('error', reject);
  });
  // A program that ends without reading its input is judged by its exit code.
  child.stdin?.on('error', () => undefined).end(input);
  const [code, stdout, stderr] = await Promise.all([
    ended,
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

type Launch = Launcher['launch'];

/** Not the server's environment: it holds secrets, and `PG…` variables that would steer Postgres. */
const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  ...(process.env.LD_LIBRARY_PATH && { LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH }),
  LC_ALL: 'C',
  TZ: 'UTC',
});

const plain: Launch = (command, args, options) =>
  spawn(command, args, { cwd: '/', env: environment(), ...options });

const as =
  ({ uid, gid }: Account): Launch =>
  (command, args, options) =>
    spawn(command, args, { cwd: '/', env: environment(), uid, gid, ...options });

/** As that account, but with root's power to pass through closed folders, such as one made by `mktemp -d`. */
const asWithPassage = ({ uid, gid }: Account): Launch => {
  const capability = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const identity = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'];
  const prefix = [...identity, ...capability, '--securebits=+no_setuid_fixup'];
  return (command, args, options) => plain('setpriv', [...prefix, command, ...args], options);
};

/**
 * Finds a way to run Postgres here. It refuses to run as root, so root runs it as `postgres` or `nobody`.
 * @throws Error with what an operator can do
 */
export async function chooseLauncher(binaries: Binaries, dataDir: string): Promise<Launcher> {
  const owner = process.geteuid?.() === 0 ? await accountForRoot(dataDir) : null;
  if (owner !== null) await admit(owner, dataDir);
  const ways = owner === null ? [plain] : [as(owner), asWithPassage(owner)];
  const failures: string[] = [];
  for (const launch of ways) {
    const found = await probe(launch, binaries, dataDir);
    if ('version' in found) return { owner, launch, version: found.version };
    failures.push(found.failure);
  }
  throw new Error(
    `Parley's own Postgres does not run here: ${failures.at(-1)}\n${owner === null ? 'Reinstall it (npm ci)' : 'Run Parley as an ordinary user (Postgres refuses to run as root)'}, or set DATABASE_URL to a Postgres that you run.`,
  );
}

/** Whether Postgres can be run that way and can reach the data directory. */
async function probe(
  launch: Launch,
  { postgres }: Binaries,
  dataDir: string,
): Promise<{ version: string } | { failure: string }> {
  const script = 'cd "$1" && exec "$2" --version';
  try {
    const { stdout, stderr } = await run(launch('/bin/sh', ['-c', script, 'sh', dataDir, postgres]));
    const version = /\(PostgreSQL\) (\d+\S*)/.exec(stdout)?.[1];
    return version === undefined ? { failure: stderr.trim() || 'it says nothing' } : { version };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

async function accountForRoot(dataDir: string): Promise<Account> {
  if (platform() !== 'linux') {
    throw new Error(
      'Postgres refuses to run as root. Run Parley as an ordinary user, or set DATABASE_URL to a Postgres that you run.',
    );
  }
  const present = await stat(join(dataDir, 'postgres')).catch(() => null);
  if (present !== null && present.uid !== 0) return { uid: present.uid, gid: present.gid };
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const user = ['postgres', 'nobody'].flatMap((name) => users.find((fields) => fields[0] === name) ?? []);
  return { uid: Number(user[2] ?? 65_534), gid: Number(user[3] ?? 65_534) };
}

/** Lets the account pass through the data directory, which stays closed to everybody else. */
async function admit(owner: Account, dataDir: string): Promise<void> {
  await chown(dataDir, 0, owner.gid);
  await chmod(dataDir, 0o710);
  const data = join(dataDir, 'postgres');
  const present = await stat(data).catch(() => null);
  // For example restored from a backup by root.
  if (present !== null && present.uid !== owner.uid) await chownAll(data, owner);
}

async function chownAll(path: string, owner: Account): Promise<void> {
  await lchown(path, owner.uid, owner.gid);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    await (entry.isDirectory() ? chownAll(inner, owner) : lchown(inner, owner.uid, owner.gid));
  }
}
