import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import type { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('signing in to the web app');

describe.skipIf(!hasChromium)('in demo mode', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  test('the name is the first thing to type, and somebody who is there can be chosen', async () => {
    const ann = await stage.visitor();
    await ann.page.getByRole('heading', { name: 'Who are you?' }).waitFor();
    await ann.page.keyboard.type('Ann Okafor');
    await ann.page.keyboard.press('Enter');
    await ann.list.waitFor();
    await ann.page.getByText('Online', { exact: true }).first().waitFor();
    const other = await stage.visitor();
    await other.page.getByRole('button', { name: /^Ann Okafor/ }).click();
    await other.list.waitFor();
  });

  test('a reload keeps who a window is, and another window is somebody else', async () => {
    const eve = await stage.person('Eve');
    await eve.page.reload();
    await eve.list.waitFor();
    const second = await eve.page.context().newPage();
    await second.goto(stage.url);
    await second.getByLabel('Your name').waitFor();
  });

  test('somebody who was here gets in at once, though nothing answers', async () => {
    const gus = await stage.person('Gus');
    await stage.person('Hana');
    await gus.begin(['Hana']);
    await gus.send('Kept for later');
    await gus
      .message('Kept for later')
      .getByText(/^(Sent|Delivered)$/)
      .first()
      .waitFor({ state: 'attached' });
    // What is known is written within a second.
    await expect.poll(() => keptText(gus)).toContain('Kept for later');
    await gus.page.route(/config\.json|\/demo\/|\/api\//, (route) => route.abort());
    await gus.page.reload();
    await gus.conversation('Hana').waitFor();
    await gus.message('Kept for later').waitFor();
  });

  test('a server that does not answer is said so, and tried again without a click', async () => {
    const visitor = await stage.visitor();
    const { page } = visitor;
    await page.evaluate(() => localStorage.clear());
    await page.route('**/config.json', (route) => route.abort());
    await page.reload();
    await page.getByRole('heading', { name: 'Can’t reach the chat' }).waitFor();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await page.unroute('**/config.json');
    await page.getByLabel('Your name').waitFor();
  });

  test('who is refused has to sign in again, and reads why', async () => {
    const { page } = await stage.visitor();
    await page.route('**/demo/token', (route) => route.fulfill({ json: { token: 'not.a.token' } }));
    await page.getByLabel('Your name').fill('Refused Rita');
    await page.keyboard.press('Enter');
    await page
      .getByRole('alert')
      .filter({ hasText: /signed out/ })
      .waitFor();
    await page.getByLabel('Your name').waitFor();
  });

  test('signing out leaves nothing of the person on the machine', async () => {
    const ivy = await stage.person('Ivy');
    await stage.person('Jon');
    await ivy.begin(['Jon']);
    await ivy.composer.fill('A draft');
    await ivy.signOut();
    await ivy.page.getByLabel('Your name').waitFor();
    await expect
      .poll(() => ivy.page.evaluate(() => JSON.stringify([localStorage, sessionStorage])))
      .not.toMatch(/ivy|draft/i);
    await ivy.page.reload();
    await ivy.page.getByLabel('Your name').waitFor();
  });
});

/** Everything in IndexedDB that is not on its way any more. */
const keptText = ({ page }: Person): Promise<string> =>
  page.evaluate(async () => {
    const wait = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result));
        request.addEventListener('error', () => reject(new Error(String(request.error))));
      });
    const found: unknown[] = [];
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await wait(indexedDB.open(name));
      for (const store of database.objectStoreNames)
        found.push(await wait(database.transaction(store).objectStore(store).getAll()));
      database.close();
    }
    return JSON.stringify(found);
  });
