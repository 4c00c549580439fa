import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endChildren, startNode } from '../test/support/child.ts';
import { lockDataDir, makeDataDir } from './data-dir.ts';

const program = fileURLToPath(new URL('../test/support/data-dir-process.ts', import.meta.url));

let folder: string;
let dataDir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-data-dir-'));
  dataDir = join(folder, 'deep', '.parley');
});

afterEach(async () => {
  await endChildren();
  await rm(folder, { recursive: true, force: true });
});

test('the data directory is made, and is closed to other people', async () => {
  const lock = await lockDataDir(dataDir);
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  await lock.release();
});

describe('a directory that is there and open to other people', () => {
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  const openDirectory = async (mode = 0o755): Promise<void> => {
    await mkdir(dataDir, { recursive: true });
    await chmod(dataDir, mode);
  };

  test('is closed when it is empty, as a new volume is', async () => {
    await openDirectory();
    await makeDataDir(dataDir);
    expect(await modeOf(dataDir)).toBe(0o700);
  });

  test.each(['demo-secret', 'lock', 'postgres-password'])('is closed when it holds our %s', async (name) => {
    await openDirectory(0o775);
    await writeFile(join(dataDir, name), '');
    await mkdir(join(dataDir, 'blobs'));
    await makeDataDir(dataDir);
    expect(await modeOf(dataDir)).toBe(0o700);
  });

  test.each(['index.html', '.ssh', 'postgres'])(
    'is left alone when the file %s says that others use it too',
    async (name) => {
      await openDirectory();
      await mkdir(join(dataDir, 'blobs'));
      await writeFile(join(dataDir, name), '');
      await makeDataDir(dataDir);
      expect(await modeOf(dataDir)).toBe(0o755);
    },
  );

  test('is left as it is when the group may only pass through: that is how root lets Postgres in', async () => {
    await openDirectory(0o710);
    await makeDataDir(dataDir);
    expect(await modeOf(dataDir)).toBe(0o710);
  });

  test.runIf(process.geteuid?.() === 0)(
    'stays passable for the Postgres of another account, which root runs',
    async () => {
      await openDirectory();
      await mkdir(join(dataDir, 'postgres'));
      await chown(join(dataDir, 'postgres'), 65_534, 65_534);
      await makeDataDir(dataDir);
      expect(await modeOf(dataDir)).toBe(0o710);
    },
  );

  test.runIf(process.geteuid?.() === 0)("is left alone when it is somebody else's", async () => {
    await openDirectory();
    await chown(dataDir, 65_534, 65_534);
    await makeDataDir(dataDir);
    expect(await modeOf(dataDir)).toBe(0o755);
  });
});

test('a second server on the same data directory is refused, and learns which process has it', async () => {
  const first = startNode(program, [dataDir]);
  await first.line();
  await expect(lockDataDir(dataDir)).rejects.toThrow(
    `Another Parley (pid ${first.pid}) is using ${dataDir}. Stop it first, or set PARLEY_DATA_DIR to another directory.`,
  );
});

test('the same process cannot take it twice either', async () => {
  const lock = await lockDataDir(dataDir);
  await expect(lockDataDir(dataDir)).rejects.toThrow(`(pid ${process.pid})`);
  await lock.release();
});

test('after a clean stop, or two, the next server gets it', async () => {
  const first = await lockDataDir(dataDir);
  await first.release();
  const second = await lockDataDir(dataDir);
  await first.release();
  await expect(lockDataDir(dataDir)).rejects.toThrow('Another Parley');
  await second.release();
});

test('after kill -9 the next server gets it', async () => {
  const first = startNode(program, [dataDir]);
  await first.line();
  first.process.kill('SIGKILL');
  await first.ended;
  await (await lockDataDir(dataDir)).release();
});

test('a process number left by a reboot, which belongs to a stranger now, keeps nobody out', async () => {
  await (await lockDataDir(dataDir)).release();
  await writeFile(join(dataDir, 'pid'), `${process.ppid}\n`);
  await (await lockDataDir(dataDir)).release();
});

test('of many servers that start at once exactly one wins, over a stale lock too', async () => {
  const dead = startNode(program, [dataDir]);
  await dead.line();
  dead.process.kill('SIGKILL');
  await dead.ended;
  const lines = await Promise.all(Array.from({ length: 6 }, () => startNode(program, [dataDir]).line()));
  expect(lines.filter((line) => line === '{}')).toHaveLength(1);
  expect(lines.filter((line) => line.includes('Another Parley'))).toHaveLength(5);
});

test('a path that cannot be a directory is refused with what to do', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(lockDataDir(join(file, 'inside'))).rejects.toThrow(
    /The data directory .* can't be used \(ENOTDIR.*\)\. Make it writable, or set PARLEY_DATA_DIR/,
  );
  await expect(lockDataDir(file)).rejects.toThrow(/can't be used/);
});
