import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { loadDemoSecret, signDemoToken } from '../../../packages/server/src/identity/demo.ts';
import { withoutApi } from './support/offline.ts';
import type { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('the web app in trouble');

describe.skipIf(!hasChromium)('nothing is lost and nothing doubled', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  /** The texts of all messages that begin like this, as somebody sees them. */
  const seen = (person: Person, beginning: string): Promise<string[]> =>
    person.page
      .getByRole('article')
      .getByText(new RegExp(`^${beginning} \\d+$`))
      .allTextContents();

  const numbered = (beginning: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${beginning} ${index + 1}`);

  test('the network is cut while a message is on its way, and comes back', async () => {
    const [ann, bob] = await stage.pair('Cut Ann', 'Cut Bob');
    await ann.send('Cut 1');
    await bob.sees('Cut 1');
    const lost = stage.cable.loseAnswer();
    await ann.send('Cut 2');
    await lost;
    await stage.cable.cut();
    await ann.sees(/No connection/);
    for (const text of ['Cut 3', 'Cut 4']) await ann.send(text);
    await bob.send('Cut 5');
    await ann.message('Cut 4').waitFor();
    await stage.cable.mend();
    // Who answers from either side is behind what they had seen; both end with the same list.
    await expect.poll(async () => (await seen(ann, 'Cut')).toSorted()).toEqual(numbered('Cut', 5));
    await expect.poll(() => seen(bob, 'Cut')).toEqual(await seen(ann, 'Cut'));
    await ann.page
      .getByRole('article')
      .getByText('Sending', { exact: true })
      .first()
      .waitFor({ state: 'detached' });
    expect((await seen(ann, 'Cut')).toSorted()).toEqual(numbered('Cut', 5));
  });

  test('the server is killed and started again', async () => {
    const [ann, bob] = await stage.pair('Killed Ann', 'Killed Bob');
    await ann.send('Killed 1');
    await bob.sees('Killed 1');
    await stage.kill();
    await ann.sees(/No connection/);
    await ann.send('Killed 2');
    await stage.restart();
    await bob.sees('Killed 2');
    await bob.send('Killed 3');
    await ann.sees('Killed 3');
    expect(await seen(ann, 'Killed')).toEqual(numbered('Killed', 3));
    expect(await seen(bob, 'Killed')).toEqual(numbered('Killed', 3));
  });

  test('messages that were not sent yet are still there after a reload, and arrive once', async () => {
    const [ann, bob] = await stage.pair('Reloading Ann', 'Reloading Bob');
    await ann.send('Reloaded 1');
    await bob.sees('Reloaded 1');
    const online = await withoutApi(ann);
    await ann.page.reload();
    await ann.composer.waitFor();
    for (const text of ['Reloaded 2', 'Reloaded 3']) await ann.send(text);
    await ann.message('Reloaded 3').waitFor();
    await ann.page.reload();
    await ann.message('Reloaded 3').waitFor();
    await online();
    await ann.page.reload();
    await bob.sees('Reloaded 3');
    expect(await seen(bob, 'Reloaded')).toEqual(numbered('Reloaded', 3));
    await expect.poll(() => seen(ann, 'Reloaded')).toEqual(numbered('Reloaded', 3));
  });

  test('what is wrong with the connection is said in one line, however narrow the window', async () => {
    const ann = await stage.person('Narrow Ann', { viewport: { width: 320, height: 640 } });
    const context = ann.page.context();
    const strip = ann.page.getByRole('region', { name: 'Connection' }).locator('.banner-strip p');
    const reads = async (words: RegExp): Promise<void> => {
      await strip.filter({ hasText: words }).waitFor();
      const isWhole = await strip.evaluate(
        (line) =>
          line.scrollWidth <= line.clientWidth &&
          line.clientHeight < 2 * Number.parseFloat(getComputedStyle(line).fontSize),
      );
      expect(isWhole, String(words)).toBe(true);
    };
    await context.setOffline(true);
    await reads(/^You are offline/);
    await context.setOffline(false);
    const limited = { detail: 'Rate limit exceeded', code: 'rate_limited', retry_after: 30 };
    await context.route('**/api/**', (route) => route.fulfill({ status: 429, json: limited }));
    await stage.cable.cut();
    await stage.cable.mend();
    await context.routeWebSocket(/\/api\/ws/, (socket) => void socket.close({ code: 1001 }));
    await ann.page.reload();
    await reads(/^Too many requests\. Next try in \d+ s$/);
    await context.unroute('**/api/**');
    await context.route('**/api/**', (route) => route.abort());
    await ann.page.reload();
    await reads(/^Reconnecting in \d+ s$/);
  });

  test('offline one finds people whom one talks to, and is told that others can’t be found', async () => {
    const [ann] = await stage.pair('Lonely Ann', 'Lonely Bob');
    await ann.page.goto(`${stage.url}/#/`);
    // Loaded by whoever comes near, so before the network goes.
    const begin = ann.page.getByRole('button', { name: 'New conversation' }).first();
    await begin.click();
    await ann.dialog.getByRole('combobox').fill('Lonely');
    await ann.dialog.getByRole('option').first().waitFor();
    await ann.page.context().setOffline(true);
    await ann.dialog.getByText('You are offline: only people you already talk to are found.').waitFor();
    await ann.dialog.getByRole('combobox').fill('stranger');
    await expect.poll(() => ann.dialog.getByRole('option').count()).toBe(0);
    await ann.dialog.getByRole('combobox').fill('Lonely B');
    await ann.dialog.getByRole('option', { name: /Lonely Bob/ }).waitFor();
    await ann.page.keyboard.press('Control+Enter');
    await ann.page.getByRole('heading', { name: 'Lonely Bob' }).waitFor();
    await ann.page.context().setOffline(false);
  });

  test('two tabs of one person share what they know and send, and one goes on when the other is closed', async () => {
    const [ann, bob] = await stage.pair('Tabbed Ann', 'Tabbed Bob');
    const second = await stage.tab(ann);
    await second.open('Tabbed Bob');
    await second.send('Tabbed 1');
    await ann.sees('Tabbed 1');
    await ann.send('Tabbed 2');
    await second.sees('Tabbed 2');
    await ann.page.close();
    await second.send('Tabbed 3');
    await bob.sees('Tabbed 3');
    await bob.send('Tabbed 4');
    await second.sees('Tabbed 4');
    expect(await seen(second, 'Tabbed')).toEqual(numbered('Tabbed', 4));
    expect(await seen(bob, 'Tabbed')).toEqual(numbered('Tabbed', 4));
  });

  test('a part that was not loaded yet and can’t be says so, and the rest goes on', async () => {
    const ann = await stage.visitor();
    await ann.page.route('**/assets/confirm-dialog*', (route) => route.abort());
    await ann.signIn('Partial Ann');
    await stage.person('Partial Bob');
    await ann.begin(['Partial Bob']);
    await ann.send('Still here');
    await ann.choose('Still here', 'Delete');
    await ann.sees(/could not be loaded/);
    await ann.page.unroute('**/assets/confirm-dialog*');
    await ann.choose('Still here', 'Delete');
    await ann.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).waitFor();
  });

  test('a token that expires is replaced before anybody notices', async () => {
    const secret = await loadDemoSecret(stage.dataDir);
    let given = 0;
    const { promise: renewed, resolve } = Promise.withResolvers<void>();
    const bob = await stage.person('Lasting Bob');
    const ann = await stage.visitor();
    await ann.page.route('**/demo/token', async (route) => {
      const { user_id: userId, name } = route.request().postDataJSON() as { user_id: string; name: string };
      // The first is over soon; whoever keeps it would be shut out.
      const lifetimeSeconds = given++ === 0 ? 3 : 3600;
      if (given > 1) resolve();
      await route.fulfill({
        json: { token: await signDemoToken(secret, { userId, name, lifetimeSeconds }) },
      });
    });
    await ann.signIn('Short Ann');
    await ann.begin(['Lasting Bob']);
    await bob.open('Short Ann');
    await ann.send('Expiring 1');
    await bob.sees('Expiring 1');
    await renewed;
    await ann.send('Expiring 2');
    await bob.send('Expiring 3');
    await bob.sees('Expiring 2');
    await ann.sees('Expiring 3');
    expect((await seen(ann, 'Expiring')).toSorted()).toEqual(numbered('Expiring', 3));
  });
});
