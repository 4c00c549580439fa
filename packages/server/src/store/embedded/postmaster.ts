import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { orNull } from './cluster.ts';

/** What Postgres writes into `postmaster.pid` about itself. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

const pidFile = (cluster: string): string => join(cluster, 'postmaster.pid');

/** Milliseconds between two looks at a process that is not our child. */
const pollMs = 15;

/** As the file says, whether or not that process still lives; null without the file, or while it is being written. */
export async function readPostmaster(cluster: string): Promise<Postmaster | null> {
  const lines = (await readFile(pidFile(cluster), 'utf8').catch(orNull))?.split('\n') ?? [];
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** The Postgres that runs on this data directory at the moment. */
export async function runningPostmaster(cluster: string): Promise<Postmaster | null> {
  const found = await readPostmaster(cluster);
  return found !== null && (await isPostgresOf(cluster, found.pid)) ? found : null;
}

/**
 * Stops a Postgres whose server died and whose leash was killed too, and clears the way where a reboot or a crash
 * left a file behind whose process number belongs to somebody else by now.
 * @throws Error if it does not stop within `patienceMs`
 */
export async function stopStray(cluster: string, patienceMs = 10_000): Promise<void> {
  const stray = await runningPostmaster(cluster);
  if (stray === null) return disown(cluster);
  const refusal = `A Postgres from an earlier run (pid ${stray.pid}) is still using ${cluster} and does not stop. Stop it (kill -INT ${stray.pid}) and start again.`;
  try {
    process.kill(stray.pid, 'SIGINT');
  } catch (cause) {
    throw new Error(refusal, { cause });
  }
  const deadline = Date.now() + patienceMs;
  while ((await runningPostmaster(cluster)) !== null) {
    if (Date.now() > deadline) throw new Error(refusal);
    await delay(pollMs);
  }
}

/** Resolves when this very process says that it takes connections; ends with `signal`. */
export async function untilReady(cluster: string, pid: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const found = await readPostmaster(cluster);
    if (found?.pid === pid && found.ready) return;
    await delay(pollMs);
  }
}

/**
 * Postgres asks only whether the process in its file lives. Where a stranger has that number now, an impossible one
 * takes its place; the rest of the file stays, from which Postgres sees whether old backends still hold its memory.
 */
async function disown(cluster: string): Promise<void> {
  const content = await readFile(pidFile(cluster), 'utf8').catch(orNull);
  if (content === null) return;
  await writeFile(pidFile(cluster), content.replace(/^-?\d+/, '2147483646'));
}

async function isPostgresOf(cluster: string, pid: number): Promise<boolean> {
  try {
    return platform() === 'linux'
      ? await isPostgresOnLinux(cluster, pid)
      : await isPostgresByPs(cluster, pid);
  } catch {
    // No such process, or not one that we may look at: not a Postgres that we started.
    return false;
  }
}

async function isPostgresOnLinux(cluster: string, pid: number): Promise<boolean> {
  const [name, here, there] = await Promise.all([
    readFile(`/proc/${pid}/comm`, 'utf8'),
    stat(`/proc/${pid}/cwd`),
    stat(cluster),
  ]);
  return name.trim() === 'postgres' && here.ino === there.ino && here.dev === there.dev;
}

async function isPostgresByPs(cluster: string, pid: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', `${pid}`]);
  return stdout.includes('postgres') && stdout.includes(cluster);
}
