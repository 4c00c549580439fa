import { appendFileSync, writeSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bound, openLog } from './log.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-log-'));
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('it does not grow for ever: what is too long is set aside, and whoever writes goes on', async () => {
  const log = await openLog(dataDir);
  writeSync(log.descriptor, 'old lines\n');
  await bound(log.path, 100);
  expect(await log.size()).toBe(10);
  await bound(log.path, 5);
  writeSync(log.descriptor, 'new lines\n');
  expect(await readFile(log.path, 'utf8')).toBe('new lines\n');
  expect(await readFile(`${log.path}.1`, 'utf8')).toBe('old lines\n');
  log.close();
});

test('a log that grew too long in an earlier run is set aside at the start, and only its owner can read it', async () => {
  appendFileSync(join(dataDir, 'postgres.log'), 'x'.repeat(5 * 1024 * 1024), { mode: 0o600 });
  const log = await openLog(dataDir);
  expect(await log.size()).toBe(0);
  expect((await stat(log.path)).mode & 0o777).toBe(0o600);
  log.close();
});

test('what a failed start wrote can be read apart from what was there before', async () => {
  const log = await openLog(dataDir);
  writeSync(log.descriptor, 'before\n');
  const from = await log.size();
  writeSync(log.descriptor, 'since\n');
  expect(await log.readFrom(from)).toBe('since\n');
  log.close();
});
