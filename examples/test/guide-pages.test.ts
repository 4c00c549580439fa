/** Pages that the guide shows, at two browsers. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { hasChromium, leftOutWithoutChromium } from '../../packages/client/test/support/browser.ts';
import type { TestServer } from '../../packages/server/test/support/server.ts';
import { openWorkshop, sampleWith, samplesOf, type Workshop } from './guide.ts';
import { openApp, startDemo, type App } from './pages.ts';

leftOutWithoutChromium('pages of the guide');

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Two browsers at work on a machine that is busy. */
const long = { timeout: 60_000 };

let workshop: Workshop;
let app: App;
let server: TestServer;
beforeAll(async () => {
  if (!hasChromium) return;
  workshop = await openWorkshop();
  await workshop.write('my-page/index.html', '');
  app = await openApp(join(workshop.path, 'my-page'));
  server = await startDemo({ CORS_ORIGINS: app.origin });
});
afterAll(async () => {
  if (!hasChromium) return;
  await app.close();
  await server.close();
  await workshop.remove();
});

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message').fill(text);
  await page.keyboard.press('Enter');
}

test.skipIf(!hasChromium)('the page of the quick start, with the client made as it says', long, async () => {
  const page = await sampleWith('quick-start.md', '<!doctype html>');
  await workshop.write('my-page/index.html', page.replace('http://localhost:8000', server.origin));
  const command = (await sampleWith('quick-start.md', 'npx rolldown'))
    .replace('mkdir my-page\nnpx rolldown', '')
    .replace('my-page', join(workshop.path, 'my-page'));
  const rolldown = join(root, 'node_modules/rolldown/bin/cli.mjs');
  await promisify(execFile)(process.execPath, [rolldown, ...command.trim().split(' ')], { cwd: root });

  const [ann, bob] = [await app.open('?me=ann&other=bob'), await app.open('?me=bob&other=ann')];
  // Its listeners are there once there is a connection.
  await expect.poll(() => Promise.all([ann, bob].map(isReady))).toEqual([true, true]);
  await say(ann, 'Pizza or soup?');
  await bob.getByText('ann: Pizza or soup?').waitFor();
  await ann.getByText('ann: Pizza or soup? (read)').waitFor();
  await say(bob, 'Pizza.');
  await ann.getByText('bob: Pizza.').waitFor();
});

const isReady = (page: Page): Promise<unknown> =>
  page.evaluate("document.querySelector('#compose').onsubmit !== null");

test.skipIf(!hasChromium)('the app of the page about React', long, async () => {
  const [sample] = await samplesOf('react.md');
  const code = sample?.code.replace('http://127.0.0.1:8000', server.origin) ?? '';
  await workshop.write(
    'my-page/main.tsx',
    `${code}
    async function getToken() {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"user_id":"ann"}' };
      return (await (await fetch('${server.origin}/demo/token', init)).json()).token;
    }`,
  );
  await workshop.write('my-page/react.html', '<body><script type="module" src="main.tsx"></script></body>');
  const ann = await app.open('react.html');
  const answer = await ann.request.post(`${server.origin}/demo/token`, { data: { user_id: 'cem' } });
  const { token } = (await answer.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  const made = await ann.request.post(`${server.origin}/api/conversations`, {
    headers,
    data: { type: 'group', title: 'Lunch', participant_ids: ['ann'] },
  });
  const { id } = (await made.json()) as { id: string };
  const data = { content: 'Pizza or soup?' };
  await ann.request.post(`${server.origin}/api/conversations/${id}/messages`, { headers, data });
  await ann.getByRole('button', { name: 'Lunch (1)' }).click();
  await ann.getByText('Pizza or soup?').waitFor();
  await say(ann, 'Soup.');
  await ann.getByText('Soup. sent').or(ann.getByText('Soup. delivered')).waitFor();
});
