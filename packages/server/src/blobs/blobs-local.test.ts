import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { blobStoreSuite, chunks } from './blobs.suite.ts';
import { createLocalBlobs } from './blobs-local.ts';

const type = 'text/plain';
let directory: string;

const files = async (): Promise<string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-blobs-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

blobStoreSuite('The local disk', async () => ({
  blobs: createLocalBlobs(directory),
  list: files,
  close: async () => undefined,
}));

test('what a crash left is swept at start, what other processes are writing is not', async () => {
  const incoming = join(directory, 'incoming');
  await mkdir(incoming);
  const host = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-');
  const ended = spawnSync(process.execPath, ['-e', '']).pid;
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  const names = {
    ofDeadProcess: `${host}.${ended}.1`,
    ofOurPidBefore: `${host}.${process.pid}.2`,
    ofOurParent: `${host}.${process.ppid}.3`,
    elsewhere: 'other-host.1.4',
    elsewhereLongAgo: 'other-host.1.5',
  };
  for (const name of Object.values(names)) await writeFile(join(incoming, name), 'x');
  await utimes(join(incoming, names.elsewhereLongAgo), twoDaysAgo, twoDaysAgo);
  await createLocalBlobs(directory).check();
  expect((await readdir(incoming)).sort()).toEqual([names.ofOurParent, names.elsewhere].sort());
});

test('a check while an upload is running does not take its file away', async () => {
  const blobs = createLocalBlobs(directory);
  async function* source() {
    yield Buffer.from('before ');
    await createLocalBlobs(directory).check();
    yield Buffer.from('after');
  }
  await blobs.put('ab/kept', source(), type);
  expect((await stat(join(directory, 'files/ab/kept'))).size).toBe(12);
});

test('a disk that does not take a file is "unavailable", with the reason for the log', async () => {
  await writeFile(join(directory, 'incoming'), 'in the way');
  const blobs = createLocalBlobs(directory);
  const refusal = await blobs.put('ab/one', chunks('x'), type).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'unavailable',
    cause: { code: expect.stringMatching(/EEXIST|ENOTDIR/) },
  });
  await expect(blobs.check()).rejects.toThrow(/^Files cannot be written under .*: E(EXIST|NOTDIR)/);
});

test.skipIf(process.platform === 'win32')(
  'a disk that is full midway leaves nothing of the file',
  async () => {
    // A limit on the size of files fails a write as a full disk does, on any machine and without being root.
    const program = `
    import { createLocalBlobs } from ${JSON.stringify(new URL('blobs-local.ts', import.meta.url).href)};
    async function* source() { for (let i = 0; i < 64; i++) yield Buffer.alloc(16384); }
    const error = await createLocalBlobs(${JSON.stringify(directory)}).put('ab/big', source(), '').catch((e) => e);
    console.log(error.code, error.cause?.code);`;
    const args = ['--input-type=module-typescript', '-e', program];
    const run = spawnSync('sh', ['-c', 'ulimit -f 64; exec "$0" "$@"', process.execPath, ...args], {
      encoding: 'utf8',
    });
    expect(run).toMatchObject({ stdout: 'unavailable EFBIG\n', stderr: '' });
    expect(await files()).toEqual([]);
  },
);
