import { access, constants, statfs, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config.ts';
import { finding, type Finding } from './finding.ts';

/** Bytes: under this, Postgres' log of changes and a few uploads fill the disk. */
const leastFree = 512 * 1024 * 1024;

export async function* checkFiles(config: Config): AsyncGenerator<Finding> {
  const subject = 'Data directory';
  const mend = 'make it writable for this user, or set PARLEY_DATA_DIR to another directory';
  const directory = await finding(subject, mend, () => checkDirectory(config.dataDir));
  yield directory;
  if (directory.level === 'broken') return;
  yield await finding('Storage', 'check the disk', () => checkSpace(config));
}

async function checkDirectory(dataDir: string): Promise<Finding> {
  const subject = 'Data directory';
  const there = await nearest(dataDir);
  if (!(await stat(there)).isDirectory()) throw new Error(`${there} is not a directory`);
  await access(there, constants.R_OK | constants.W_OK | constants.X_OK);
  return there === dataDir
    ? { level: 'good', subject, text: `${dataDir} can be written` }
    : { level: 'note', subject, text: `${dataDir} is not there yet; the first start makes it` };
}

async function checkSpace(config: Config): Promise<Finding> {
  const { bavail, bsize } = await statfs(await nearest(config.dataDir));
  const free = bavail * bsize;
  const text = `files are kept in the data directory, with ${(free / 2 ** 30).toFixed(1)} GiB free`;
  return free >= leastFree + config.maxFileSize
    ? { level: 'good', subject: 'Storage', text }
    : {
        level: 'broken',
        subject: 'Storage',
        text,
        mend: 'make room, or set PARLEY_DATA_DIR to a larger disk',
      };
}

/** The directory itself, or the nearest above it that is there. */
async function nearest(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing || dirname(path) === path) throw error;
    return nearest(dirname(path));
  }
}
