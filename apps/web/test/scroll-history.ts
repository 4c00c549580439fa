/**
 * Scrolls by wheel through a conversation of 100,000 messages, from the newest to the first, and prints how smoothly:
 * `npm run scroll -- [MESSAGES] [PIXELS A TURN] [API LATENCY IN MS]`. Needs Chromium, and a machine that does nothing else.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasChromium, openBrowser } from '../../../packages/client/test/support/browser.ts';
import { startEmbedded } from '../../../packages/server/src/store/embedded.ts';
import { endChildren } from '../../../packages/server/test/support/child.ts';
import { startServerNode } from '../../../packages/server/test/support/node.ts';
import { ensureBuilt } from './support/built.ts';
import { Caller } from './support/api.ts';
import { fillHistory, postPictures } from './support/history.ts';
import { Person } from './support/person.ts';
import { comeToRest, readRecord, startRecording, wheelUp } from './support/scroll-record.ts';

const [count = 100_000, step = 280, latency = 0] = process.argv.slice(2).map(Number);
if (!hasChromium) {
  console.error('There is no Chromium here: install one, or say by CHROMIUM_PATH where it is.');
  process.exit(1);
}

const percentiles = (times: readonly number[]): string => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, worst ${at(1)} ms`;
};

const work = await mkdtemp(join(tmpdir(), 'parley-history-'));
await ensureBuilt();
await mkdir(join(work, 'postgres'));
const postgres = await startEmbedded(join(work, 'postgres'));
try {
  const node = await startServerNode({
    DATABASE_URL: postgres.url,
    PARLEY_DATA_DIR: join(work, 'data'),
    JWT_SECRET: '',
  });
  const bob = new Caller(node.origin, 'bob', 'Bob');
  await new Caller(node.origin, 'ann', 'Ann').call('GET', '/conversations');
  const id = await bob.begin('Everything ever said', ['ann']);
  await bob.send(id, 'The first of many');
  await postPictures(node.origin, id);
  await fillHistory(postgres.url, count);
  const browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  const ann = new Person(await context.newPage(), node.origin);
  const { page } = ann;
  await page.goto(node.origin);
  await ann.signIn('Ann');
  await ann.open('Everything');
  await ann.message(`Message ${count}`).waitFor();
  if (latency > 0)
    await page.route('**/api/**', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, latency));
      await route.continue();
    });
  const devtools = await context.newCDPSession(page);
  const memory = async (): Promise<string> => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    const { nodes } = await devtools.send('Memory.getDOMCounters');
    return `${(usedSize / 2 ** 20).toFixed(1)} MB of heap, ${nodes} nodes`;
  };
  console.log(`At the newest: ${await memory()}`);
  await startRecording(page);
  await page.getByRole('feed').hover();
  const first = ann.message('The first of many');
  const began = performance.now();
  for (let turn = 1; (await first.count()) === 0; turn++) {
    await wheelUp(page, 50_000, step);
    await comeToRest(page);
    if (turn % 20 !== 0) continue;
    const { moved, walls, apart, back, ahead, astray, torn } = await readRecord(page);
    const worst = JSON.stringify({ walls, apart, back, ahead, astray, torn });
    console.log(`${Math.round(moved)} pixels: ${worst}, ${await memory()}`);
  }
  await comeToRest(page);
  const { frameTimes, longTasks, ...report } = await readRecord(page);
  console.log(`At the first of ${count}, after ${((performance.now() - began) / 1000).toFixed(0)} s`, report);
  console.log(
    `Frames: ${percentiles(frameTimes)}; ${longTasks.length} long tasks: ${percentiles(longTasks)}`,
  );
  console.log(await memory(), ann.unexpectedErrors);
  await browser.close();
} finally {
  await endChildren();
  await postgres.stop();
  await rm(work, { recursive: true, force: true });
}
