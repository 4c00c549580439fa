/** Two people at two browsers with the plain page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  hasChromium,
  leftOutWithoutChromium,
  violationsOf,
} from '../../packages/client/test/support/browser.ts';
import { startCable, type Cable } from '../../packages/client/test/support/cable.ts';
import type { TestServer } from '../../packages/server/test/support/server.ts';
import { openExample, startDemo, type App } from './pages.ts';

leftOutWithoutChromium('the example in plain JavaScript');

let server: TestServer;
let cable: Cable;
let app: App;
beforeAll(async () => {
  if (!hasChromium) return;
  server = await startDemo();
  cable = await startCable(server.origin);
  app = await openExample('plain-js', cable.url);
});
afterAll(async () => {
  if (!hasChromium) return;
  await app.close();
  await cable.cut();
  await server.close();
});

/** Two browsers at work on a machine that is busy. */
const long = { timeout: 60_000 };

async function join(me: string, other: string): Promise<Page> {
  const page = await app.open();
  await page.getByLabel('Your name').fill(me);
  await page.getByLabel('Talking with').fill(other);
  await page.getByRole('button', { name: 'Start' }).click();
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

test.skipIf(!hasChromium)('two people talk, and see each other type and read', long, async () => {
  expect(await violationsOf(await app.open())).toEqual([]);
  const [ann, bob] = [await join('Ann', 'Bob'), await join('Bob', 'Ann')];
  await say(ann, 'Pizza or <b>soup</b>?');
  await bob.getByText('Pizza or <b>soup</b>?').waitFor();
  await ann.getByText('Read', { exact: true }).waitFor();
  await bob.getByLabel('Message', { exact: true }).fill('Piz');
  await ann.getByText('Bob is typing …').waitFor();
  await say(bob, 'Pizza. Always pizza.');
  await ann.getByText('Pizza. Always pizza.').waitFor();
  await ann.getByText('Bob is typing …').waitFor({ state: 'detached' });
  expect(await ann.getByRole('listitem').allInnerTexts()).toHaveLength(2);
  expect(await violationsOf(ann)).toEqual([]);
});

test.skipIf(!hasChromium)(
  'what is written offline is sent once the network is back, and once only',
  async () => {
    const [cat, dan] = [await join('Cat', 'Dan'), await join('Dan', 'Cat')];
    await say(cat, 'Before');
    await dan.getByText('Before').waitFor();
    cable.freeze();
    await say(cat, 'In the tunnel');
    await cat.getByText('Sending').waitFor();
    await cable.cut();
    await cable.mend();
    await dan.getByText('In the tunnel').waitFor();
    await cat.getByText('Read', { exact: true }).nth(1).waitFor();
    expect(await dan.getByRole('listitem').allInnerTexts()).toEqual(['Before', 'In the tunnel']);
  },
);
