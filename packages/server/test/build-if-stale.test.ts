/** `npm start` builds the web app when it must, only then, and starts in any case. Vite is a stand-in here. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';

const scripts = new URL('../../../apps/web/scripts', import.meta.url);

/** Writes a page that has the source in it; waits or fails as the source says. */
const vite = `
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
const out = process.argv[process.argv.indexOf('--outDir') + 1];
const source = readFileSync('src/main.tsx', 'utf8');
mkdirSync(out + '/assets', { recursive: true });
writeFileSync(out + '/assets/app-1.js', source.repeat(300));
if (source.includes('wait')) {
  writeFileSync('at-work', '');
  await setTimeout(60_000);
}
if (source.includes('fail')) throw new Error('the source is wrong');
writeFileSync(out + '/index.html', source + process.env.NODE_ENV);
`;

let root: string;
const at = (path: string): string => join(root, path);
const write = async (path: string, content: string): Promise<void> => {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), content);
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parley-build-'));
  await cp(scripts, at('apps/web/scripts'), { recursive: true });
  await write('package.json', '{"type": "module"}');
  await write('package-lock.json', '{}');
  await write('tsconfig.json', '{}');
  await write('node_modules/vite/package.json', '{"name": "vite", "type": "module"}');
  await write('node_modules/vite/bin/vite.js', vite);
  await write('apps/web/package.json', '{"type": "module"}');
  await write('apps/web/index.html', '<!doctype html>');
  await write('apps/web/src/main.tsx', 'one ');
  await write('apps/web/src/main.test.tsx', 'test');
  for (const name of ['client', 'react', 'protocol']) {
    await write(`packages/${name}/package.json`, '{}');
    await write(`packages/${name}/src/index.ts`, name);
  }
});
afterEach(() => rm(root, { recursive: true, force: true }));

const begin = (...args: string[]) =>
  spawn(process.execPath, [at('apps/web/scripts/build-if-stale.ts'), ...args], { cwd: root, stdio: 'pipe' });

async function end(child: ReturnType<typeof begin>): Promise<{ code: number | null; said: string }> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

const run = (...args: string[]) => end(begin(...args));
const page = () => readFile(at('apps/web/dist/index.html'), 'utf8');
async function appears(name: string): Promise<void> {
  for await (const { filename } of watch(at('apps/web'))) if (filename === name) return;
}

const building = expect.stringMatching(/^Building the web app.*\n$/);

test('a first start builds it and says so in a line; the next has nothing to do, and nothing to say', async () => {
  expect(await run()).toEqual({ code: 0, said: building });
  expect(await page()).toBe('one production');
  const { ino } = await stat(at('apps/web/dist'));
  const later = new Date(Date.now() + 60_000);
  await utimes(at('apps/web/src/main.tsx'), later, later);
  expect(await run()).toEqual({ code: 0, said: '' });
  expect((await stat(at('apps/web/dist'))).ino).toBe(ino);
});

test('what is sent is packed beforehand', async () => {
  await run();
  const script = 'one '.repeat(300);
  expect(brotliDecompressSync(await readFile(at('apps/web/dist/assets/app-1.js.br'))).toString()).toBe(
    script,
  );
  expect(gunzipSync(await readFile(at('apps/web/dist/assets/app-1.js.gz'))).toString()).toBe(script);
  expect(await readdir(at('apps/web/dist'))).toEqual(['.built-from', 'assets', 'index.html']);
});

test.for<readonly [string, (() => Promise<void>) | null]>([
  ['the app', () => write('apps/web/src/main.tsx', 'two ')],
  ['its page', () => write('apps/web/index.html', '<!doctype html> ')],
  ['its dependencies', () => write('package-lock.json', '{"a": 1}')],
  ['the client', () => write('packages/client/src/index.ts', 'other')],
  ['the hooks', () => write('packages/react/src/deep/new.ts', 'new')],
  ['the protocol', () => write('packages/protocol/package.json', '{"version": "2"}')],
  ['a file that is gone', () => rm(at('packages/protocol/src/index.ts'))],
  ['the build that is gone', () => rm(at('apps/web/dist'), { recursive: true })],
])('it is built anew for %s', async ([, change]) => {
  await run();
  await change?.();
  expect((await run()).said).toEqual(building);
  expect((await run()).said).toBe('');
});

test('it is not built anew for a test', async () => {
  await run();
  await write('apps/web/src/main.test.tsx', 'another test');
  await write('apps/web/test/people.test.ts', 'test');
  await write('packages/client/test/client.test.ts', 'test');
  expect((await run()).said).toBe('');
});

test('a build that fails is told in a line more, and the server starts with what there was', async () => {
  await write('apps/web/src/main.tsx', 'fail');
  const first = await run();
  expect(first.code).toBe(0);
  expect(first.said.split('\n')[1]).toMatch(/could not be built \(npm run build says why\).*without it\.$/);
  await expect(page()).rejects.toThrow('ENOENT');

  await write('apps/web/src/main.tsx', 'one ');
  await run();
  await write('apps/web/src/main.tsx', 'fail');
  const second = await run();
  expect([second.code, second.said]).toEqual([0, expect.stringMatching(/with the one built before\.\n$/)]);
  expect(await page()).toBe('one production');
  // It is tried again next time, and somebody who asks for a build is told all of it.
  expect((await run()).said).toEqual(expect.stringContaining('could not be built'));
  const asked = await run('--always');
  expect([asked.code, asked.said]).toEqual([1, expect.stringContaining('the source is wrong')]);
});

test('without Vite it says what to do, and the server starts', async () => {
  await rm(at('node_modules'), { recursive: true });
  const { code, said } = await run();
  expect([code, said]).toEqual([
    0,
    expect.stringMatching(/vite is not installed: run npm ci.*without it\.\n$/),
  ]);
});

test('where nothing can be written it says so, and the server starts', async () => {
  await run();
  await write('apps/web/src/main.tsx', 'two ');
  await rm(at('apps/web/.cache'), { recursive: true });
  await write('apps/web/.cache', 'a file where a folder belongs');
  const { code, said } = await run();
  expect([code, said]).toEqual([
    0,
    expect.stringMatching(/could not be built \(E.*with the one built before\.\n$/),
  ]);
  expect(await page()).toBe('one production');
});

test('npm run build builds in any case', async () => {
  await run();
  const { ino } = await stat(at('apps/web/dist/index.html'));
  expect((await run('--always')).code).toBe(0);
  expect((await stat(at('apps/web/dist/index.html'))).ino).not.toBe(ino);
  expect((await run()).said).toBe('');
});

test('several starts at once leave one whole build, and nothing else', async () => {
  await run();
  await write('apps/web/src/main.tsx', 'two ');
  const ends = await Promise.all([run(), run(), run(), run()]);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(ends.map(({ said }) => said).join('')).not.toContain('could not');
  expect(await page()).toBe('two production');
  expect(await readdir(at('apps/web/dist'))).toEqual(['.built-from', 'assets', 'index.html']);
  expect((await run()).said).toBe('');
  expect((await readdir(at('apps/web/.cache'))).filter((name) => name.startsWith('build'))).toEqual([]);
});

test.for(['SIGTERM', 'SIGINT'] as const)(
  '%s in the midst of it ends it, and npm start with it',
  async (signal) => {
    await run();
    await write('apps/web/src/main.tsx', 'wait');
    const atWork = appears('at-work');
    const child = begin();
    const ended = end(child);
    await atWork;
    child.kill(signal);
    expect((await ended).code).toBe(signal === 'SIGTERM' ? 143 : 130);
    expect(await page()).toBe('one production');
    expect((await readdir(at('apps/web/.cache'))).filter((name) => name.startsWith('build'))).toEqual([]);
  },
);
