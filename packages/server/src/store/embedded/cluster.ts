import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { run, type Account, type Launcher } from './launcher.ts';

/** Not `parley`: a schema of the user's own name is searched by default, which would hide names left unqualified. */
export const superuser = 'postgres';
export const clusterPath = (dataDir: string): string => join(dataDir, 'postgres');
export const passwordPath = (dataDir: string): string => join(dataDir, 'postgres-password');

const unfinished = 'postgres.new-';

/** Nothing at that path: the answer, not a failure. */
export const orNull = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
};

/**
 * Makes the data directory of Postgres unless it is there, and answers the superuser's password. It appears under its
 * name only when it is complete, so a crash in the middle leaves nothing but a leftover that the next start removes.
 * @throws Error with a sentence for an operator: disk full, foreign version, not a Postgres directory
 */
export async function ensureCluster(
  dataDir: string,
  binaries: Binaries,
  launcher: Launcher,
): Promise<{ password: string }> {
  await removeLeftovers(dataDir);
  const present = await readVersion(dataDir);
  if (present !== null) checkVersion(dataDir, present, launcher);
  const kept = await readPassword(dataDir);
  const password = kept ?? (await makePassword(dataDir, launcher.owner));
  if (present === null) await initialize(dataDir, binaries, launcher);
  else if (kept === null) await resetPassword(dataDir, binaries, launcher, password);
  return { password };
}

export async function readPassword(dataDir: string): Promise<string | null> {
  return (await readFile(passwordPath(dataDir), 'utf8').catch(orNull))?.trim() || null;
}

async function removeLeftovers(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(unfinished));
  for (const name of names) await rm(join(dataDir, name), { recursive: true, force: true });
}

/** Null where there is no data directory of Postgres yet. */
async function readVersion(dataDir: string): Promise<string | null> {
  const directory = clusterPath(dataDir);
  const version = await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(orNull);
  if (version !== null) return version.trim();
  const entries = (await readdir(directory).catch(orNull)) ?? [];
  if (entries.length === 0) return null;
  throw new Error(
    `${directory} is not a whole Postgres data directory (it has no PG_VERSION). Restore it from a backup, or move it away to start with an empty one.`,
  );
}

function checkVersion(dataDir: string, present: string, launcher: Launcher): void {
  const major = launcher.version.split('.')[0];
  if (present === major) return;
  throw new Error(
    `${clusterPath(dataDir)} was made by Postgres ${present}, and this Parley brings Postgres ${major}. Dump it with the Parley that made it and restore the dump into a new data directory, or run that Postgres yourself and set DATABASE_URL.`,
  );
}

async function makePassword(dataDir: string, owner: Account | null): Promise<string> {
  const path = passwordPath(dataDir);
  const password = randomBytes(24).toString('hex');
  await writeFile(`${path}.new`, `${password}\n`, { mode: 0o600, flush: true });
  // `initdb` reads it as the account that it runs as.
  if (owner !== null) await chown(`${path}.new`, owner.uid, owner.gid);
  await rename(`${path}.new`, path);
  return password;
}

async function initialize(dataDir: string, binaries: Binaries, launcher: Launcher): Promise<void> {
  const fresh = join(dataDir, unfinished + randomBytes(6).toString('hex'));
  await mkdir(fresh, { mode: 0o700 });
  if (launcher.owner !== null) await chown(fresh, launcher.owner.uid, launcher.owner.gid);
  const { code, stdout, stderr } = await run(
    launcher.launch(binaries.initdb, [
      `--pgdata=${fresh}`,
      `--username=${superuser}`,
      `--pwfile=${passwordPath(dataDir)}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
    ]),
  );
  if (code !== 0) {
    await rm(fresh, { recursive: true, force: true });
    throw new Error(`Postgres could not make its data directory in ${dataDir}: ${explain(stderr || stdout)}`);
  }
  await rename(fresh, clusterPath(dataDir));
  await sync(dataDir);
}

/** Somebody removed the password's file: without it nobody could come in any more. */
async function resetPassword(
  dataDir: string,
  binaries: Binaries,
  launcher: Launcher,
  password: string,
): Promise<void> {
  const args = ['--single', '-D', clusterPath(dataDir), '-c', 'log_min_error_statement=panic', 'postgres'];
  const child = launcher.launch(binaries.postgres, args);
  const { code, stderr } = await run(child, `ALTER ROLE ${superuser} PASSWORD '${password}'\n`);
  if (code === 0 && !/ERROR|FATAL/.test(stderr)) return;
  await rm(passwordPath(dataDir), { force: true });
  throw new Error(`Postgres could not take a new password: ${explain(stderr)}`);
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The lines of Postgres' output that matter, with the commonest cause in plain words. */
export function explain(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const bad = lines.filter((line) => /error|fatal|panic|could not|cannot|no space/i.test(line));
  const tail = (bad.length > 0 ? bad : lines).slice(-5).join('\n  ');
  const full = /no space left on device/i.test(output) ? 'the disk is full.' : '';
  return `${full}\n  ${tail || 'it said nothing.'}`.trim();
}
