import type { Dirent } from 'node:fs';
import { access, chmod, constants, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

export interface DataDirLock {
  release(): Promise<void>;
}

/** Milliseconds that whoever was first needs to write its number down. */
const introductionMs = 100;

/**
 * Makes the data directory, closed to other people, and takes it for this process alone.
 *
 * The lock is the operating system's own, on the file `lock`: the kernel lets go of it when the process ends, however
 * it ends, so it is never stale, and of two starting at once exactly one gets it. Node reaches such locks through
 * SQLite. `pid` beside it only tells people who has it.
 * @throws Error with a sentence for an operator: it is in use, or can't be written to
 */
export async function lockDataDir(dir: string): Promise<DataDirLock> {
  const directory = resolve(dir);
  await makeDataDir(directory);
  const lock = take(join(directory, 'lock'));
  const pidFile = join(directory, 'pid');
  if (lock === null) throw new Error(await inUse(directory, pidFile));
  try {
    await writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    lock.close();
    throw error;
  }
  return {
    async release() {
      if (!lock.isOpen) return;
      await rm(pidFile, { force: true });
      lock.close();
    },
  };
}

/**
 * Makes it where it is missing, closed to other people, and closes one that is there if Parley alone uses it.
 * @throws Error with a sentence for an operator
 */
export async function makeDataDir(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    await closeToOthers(directory);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split(',')[0] : String(cause);
    throw new Error(
      `The data directory ${directory} can't be used (${reason}). Make it writable, or set PARLEY_DATA_DIR to another one.`,
      { cause },
    );
  }
}

/** What the mode grants to the group and to everybody, but for the group's passing through. */
const toOthers = 0o067;

/** What Parley keeps there (and `lost+found`, of a volume's own). */
const files = /^(lock|pid|demo-secret|postgres-(port|password)|postgres\.log)\b/;
const folders = /^(blobs$|postgres($|\.new-)|lost\+found$)/;

const isOurs = (entry: Dirent): boolean =>
  entry.isDirectory() ? folders.test(entry.name) : entry.isFile() && files.test(entry.name);

/**
 * One that was made by `mkdir`, a volume or an older copy of Parley is open to whoever shares the machine. Only our own
 * is closed: with anything else in it, it may be somebody's home, or a folder that a web server shows.
 */
async function closeToOthers(directory: string): Promise<void> {
  const { uid, mode } = await stat(directory);
  if (uid !== process.geteuid?.() || (mode & toOthers) === 0) return;
  const entries = await readdir(directory, { withFileTypes: true });
  if (!entries.every(isOurs)) return;
  // Under root, Postgres is somebody else, who passes through by the group that the launcher gave the directory.
  const postgres = await stat(join(directory, 'postgres')).catch(() => null);
  const closed = postgres === null || postgres.uid === uid ? 0o700 : 0o710;
  // Some file systems keep no modes. The files that hold secrets have their own.
  await chmod(directory, closed).catch(() => undefined);
}

/** Null if another process, or another part of this one, has it. */
function take(path: string): DatabaseSync | null {
  const file = new DatabaseSync(path);
  try {
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return file;
  } catch (error) {
    file.close();
    if (error instanceof Error && /locked/.test(error.message)) return null;
    throw new Error(
      `The lock ${path} can't be used: it is not a file of Parley's. Remove it and start again.`,
      {
        cause: error,
      },
    );
  }
}

async function inUse(directory: string, pidFile: string): Promise<string> {
  await delay(introductionMs);
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  return `Another Parley${pid > 0 ? ` (pid ${pid})` : ''} is using ${directory}. Stop it first, or set PARLEY_DATA_DIR to another directory.`;
}
