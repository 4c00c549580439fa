/** Three people at three browsers with the React app. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  hasChromium,
  leftOutWithoutChromium,
  violationsOf,
} from '../../packages/client/test/support/browser.ts';
import type { TestServer } from '../../packages/server/test/support/server.ts';
import { openExample, startDemo, type App } from './pages.ts';

leftOutWithoutChromium('the example in React');

let server: TestServer;
let app: App;
beforeAll(async () => {
  if (!hasChromium) return;
  server = await startDemo();
  app = await openExample('react', server.origin);
});
afterAll(async () => {
  if (!hasChromium) return;
  await app.close();
  await server.close();
});

/** Three browsers at work on a machine that is busy. */
const long = { timeout: 60_000 };

async function signIn(name: string): Promise<Page> {
  const page = await app.open();
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Start' }).click();
  return page;
}

async function talkWith(page: Page, name: string): Promise<void> {
  await page.getByLabel('Talk with').fill(name);
  await page.getByRole('button', { name: 'Open' }).click();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

const messages = (page: Page) => page.getByRole('log').getByRole('listitem');

test.skipIf(!hasChromium)('people see what is unread, open it, type, read and answer', long, async () => {
  expect(await violationsOf(await app.open())).toEqual([]);
  const [ann, bob, cat] = [await signIn('Ann'), await signIn('Bob'), await signIn('Cat')];
  await talkWith(ann, 'Bob');
  await say(ann, 'Pizza or soup?');
  await say(ann, 'Or both?');
  await bob.getByText('2 unread').waitFor();
  await bob.getByRole('button', { name: 'Ann' }).click();
  await ann.getByText('Read', { exact: true }).nth(1).waitFor();
  await bob.getByLabel('Message', { exact: true }).fill('So');
  await ann.getByText('Bob typing …').waitFor();
  await say(bob, 'Soup.');
  await messages(ann).filter({ hasText: 'Soup.' }).waitFor();
  await bob.getByText('2 unread').waitFor({ state: 'detached' });

  await talkWith(cat, 'Bob');
  await say(cat, 'Hello Bob');
  await bob.getByText('1 unread').waitFor();
  await bob.getByRole('button', { name: 'Cat' }).click();
  await messages(bob).filter({ hasText: 'Hello Bob' }).waitFor();
  expect(
    await messages(bob)
      .filter({ hasText: /Pizza|Soup/ })
      .count(),
  ).toBe(0);
  expect(await violationsOf(bob)).toEqual([]);
});

test.skipIf(!hasChromium)('older messages come page by page', long, async () => {
  const ida = await signIn('Ida');
  await talkWith(ida, 'Leo');
  await say(ida, 'number 0');
  await ida.getByText('Sent', { exact: true }).waitFor();
  const leo = await app.open();
  const answer = await leo.request.post(`${server.origin}/demo/token`, { data: { user_id: 'leo' } });
  const { token } = (await answer.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  const list = await leo.request.get(`${server.origin}/api/conversations`, { headers });
  const [{ id } = { id: '' }] = ((await list.json()) as { conversations: { id: string }[] }).conversations;
  for (let n = 1; n <= 60; n++)
    await leo.request.post(`${server.origin}/api/conversations/${id}/messages`, {
      headers,
      data: { content: `number ${n}` },
    });
  await messages(ida).filter({ hasText: 'number 60' }).waitFor();
  const phone = await signIn('Ida');
  await phone.getByRole('button', { name: /leo/ }).click();
  await messages(phone).filter({ hasText: 'number 60' }).waitFor();
  expect(await phone.getByText('number 0', { exact: true }).count()).toBe(0);
  await phone.getByRole('button', { name: 'Older messages' }).click();
  await phone.getByText('number 0', { exact: true }).waitFor();
});
