import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { Caller } from './support/api.ts';
import type { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('what is around the conversations');

const accountOf = ({ page }: Person) => page.getByRole('button', { name: /^Your account/ });

async function choose(person: Person, item: string | RegExp): Promise<void> {
  await accountOf(person).click();
  await person.page.getByRole('menu').getByText(item, { exact: true }).click();
}

const backgroundOf = (page: Page): Promise<string> =>
  page.evaluate(() => getComputedStyle(document.querySelector('.parley') ?? document.body).backgroundColor);

/** In place of the desktop: keeps what was shown. */
function fakeNotifications(): void {
  const shown: Fake[] = [];
  class Fake extends EventTarget {
    static permission = localStorage.getItem('parley:notifications') === 'on' ? 'granted' : 'default';
    readonly title: string;
    readonly body: string;
    constructor(title: string, { body }: { body: string }) {
      super();
      this.title = title;
      this.body = body;
      shown.push(this);
    }
    static async requestPermission(): Promise<string> {
      Fake.permission = 'granted';
      return 'granted';
    }
    close(): void {
      shown.splice(shown.indexOf(this), 1);
    }
  }
  Object.assign(globalThis, { Notification: Fake, shown });
}

const shownIn = (page: Page): Promise<{ title: string; body: string }[]> =>
  page.evaluate(() =>
    (Reflect.get(globalThis, 'shown') as { title: string; body: string }[]).map(({ title, body }) => ({
      title,
      body,
    })),
  );

describe.skipIf(!hasChromium)('around the conversations', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  const call = (id: string, name: string, path: string, body: object): Promise<{ readonly id: string }> =>
    new Caller(stage.url, id, name).call('POST', path, body);

  /** Somebody of another window, who writes to a person. */
  async function writerTo(
    person: string,
    id: string,
    name: string,
  ): Promise<(text: string) => Promise<unknown>> {
    // Somebody is known once they have called.
    await call(person, person, '/conversations', { type: 'group', title: 'Own', participant_ids: [] });
    const { id: conversation } = await call(id, name, '/conversations', {
      type: 'direct',
      participant_ids: [person],
    });
    return (content) => call(id, name, `/conversations/${conversation}/messages`, { content });
  }

  test('the tab counts what is unread, and names what is open', async () => {
    const ann = await stage.person('Title Ann');
    const write = await writerTo('title-ann', 'title-bob', 'Title Bob');
    const icon = ann.page.locator('link[rel="icon"]');
    await expect.poll(() => ann.page.title()).toBe('Parley');
    await write('One');
    await write('Two');
    await expect.poll(() => ann.page.title()).toBe('(2) Parley');
    expect(await icon.getAttribute('href')).toBe('/favicon-unread.svg');
    expect((await ann.page.request.get(`${stage.url}/favicon-unread.svg`)).status()).toBe(200);
    await ann.open('Title Bob');
    await expect.poll(() => ann.page.title()).toMatch(/Title Bob — Parley$/);
  });

  test('a message shows on the desktop once, in one of two tabs, and leads to its conversation', async () => {
    const ann = await stage.visitor();
    await ann.page.context().addInitScript(fakeNotifications);
    await ann.page.reload();
    await ann.signIn('Desk Ann');
    const write = await writerTo('desk-ann', 'desk-bob', 'Desk Bob');
    await choose(ann, 'Desktop notifications');
    const other = await stage.tab(ann);
    await other.conversation('Desk Bob').waitFor();
    await write('Are **you** there?');
    const shown = async () => [...(await shownIn(ann.page)), ...(await shownIn(other.page))];
    await expect.poll(shown).toEqual([{ title: 'Desk Bob', body: 'Are you there?' }]);
    const tab = (await shownIn(ann.page)).length === 1 ? ann : other;
    await tab.page.evaluate(() =>
      (Reflect.get(globalThis, 'shown') as EventTarget[])[0]?.dispatchEvent(new Event('click')),
    );
    await expect.poll(() => tab.page.url()).toContain('#/c/');
    expect(await shown()).toEqual([]);
    // Whoever looks at it is not told, by no tab.
    await write('And now?');
    await expect.poll(() => tab.conversation('Desk Bob').textContent()).toContain('And now?');
    const isClaimed = () =>
      tab.page.evaluate(async () =>
        (await navigator.locks.query()).held?.some(({ name }) => name?.startsWith('parley:notified')),
      );
    await expect.poll(isClaimed).toBe(true);
    expect(await shown()).toEqual([]);
  });

  test('a browser that shows no notifications of pages says so, and does not fail', async () => {
    const userAgent =
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36';
    const ann = await stage.visitor({ userAgent });
    await ann.signIn('Phone Ann');
    await ann.chooseOwn('Notifications');
    await ann.sees('This browser can’t show notifications of web pages.');
    await accountOf(ann).click();
    await ann.page.getByRole('menuitem', { name: /^Notifications.*Not available/ }).waitFor();
  });

  test('light or dark as chosen, also after a reload', async () => {
    const ann = await stage.person('Theme Ann', { colorScheme: 'light' });
    const light = await backgroundOf(ann.page);
    await choose(ann, 'Dark');
    await expect.poll(() => backgroundOf(ann.page)).not.toBe(light);
    await ann.page.reload();
    await accountOf(ann).waitFor();
    expect(await backgroundOf(ann.page)).not.toBe(light);
    await choose(ann, 'Light');
    await expect.poll(() => backgroundOf(ann.page)).toBe(light);
  });

  test('others see somebody invisible as offline', async () => {
    const ann = await stage.person('Hidden Ann');
    const bob = await stage.person('Hidden Bob');
    await call('hidden-bob', 'Hidden Bob', '/conversations', {
      type: 'direct',
      participant_ids: ['hidden-ann'],
    });
    const row = bob.conversation('Hidden Ann');
    await row.getByText('online').waitFor();
    await choose(ann, 'Invisible');
    await row.getByText('online').waitFor({ state: 'detached' });
    await ann.page.getByRole('button', { name: 'Your account: Hidden Ann Invisible' }).waitFor();
    await choose(ann, 'Busy');
    await row.getByText('busy').waitFor();
  });

  test('without the server a strip says so, once, and goes away with it', async () => {
    const ann = await stage.person('Strip Ann');
    await expect.poll(() => ann.page.getByText('No conversations yet').count()).toBe(1);
    const said = ann.page.getByRole('status').filter({ hasText: /connect/i });
    await stage.cable.cut();
    await ann.page.getByRole('button', { name: 'Try now' }).waitFor();
    expect(await said.textContent()).toBe('No connection. Reconnecting…');
    await stage.cable.mend();
    await ann.page.getByRole('button', { name: 'Try now' }).click();
    await expect.poll(() => said.textContent()).toBe('Connected again.');
    await expect.poll(() => ann.page.getByRole('button', { name: 'Try now' }).count()).toBe(0);
  });

  test('from right to left for those whose language is', async () => {
    const farah = await stage.person('Farah', { locale: 'ar' });
    expect(await farah.page.locator('html').getAttribute('dir')).toBe('rtl');
    await accountOf(farah).click();
    const menu = farah.page.getByRole('menu');
    await menu.waitFor();
    expect(await menu.evaluate((element) => getComputedStyle(element).direction)).toBe('rtl');
    const [list, main] = await Promise.all(
      ['navigation', 'main'].map((role) => farah.page.getByRole(role as 'main').boundingBox()),
    );
    expect(list?.x).toBeGreaterThan(main?.x ?? 0);
  });

  test('keys do what the sheet says, and nothing while somebody types', async () => {
    const ann = await stage.person('Keys Ann');
    const write = await writerTo('keys-ann', 'keys-bob', 'Keys Bob');
    await write('Hello');
    await ann.conversation('Keys Bob').waitFor();
    const { page } = ann;
    const dialog = page.getByRole('dialog');
    await page.keyboard.press('?');
    await dialog.getByText('Search conversations').waitFor();
    // Not while the sheet is open.
    await page.keyboard.press('n');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.keyboard.press('ControlOrMeta+k');
    await page.keyboard.type('n?');
    expect(await page.getByRole('textbox', { name: 'Search' }).inputValue()).toBe('n?');
    expect(await dialog.count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Alt+ArrowDown');
    await expect.poll(() => page.url()).toContain('#/c/');
    await ann.composer.waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    await dialog.getByRole('combobox').waitFor();
    await dialog.getByLabel('Title').fill('By keys alone');
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByRole('heading', { name: 'By keys alone' }).waitFor();
    await ann.composer.waitFor();
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 390, height: 800 });
    await page.keyboard.press('Escape');
    await expect.poll(() => page.url()).not.toContain('#/c/');
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('A');
  });

  test('signing out leaves nothing of the person', async () => {
    const ann = await stage.person('Gone Ann');
    const write = await writerTo('gone-ann', 'gone-bob', 'Gone Bob');
    await write('Hello');
    await ann.open('Gone Bob');
    await ann.composer.fill('Not to be seen by the next');
    await choose(ann, 'Sign out');
    await ann.page.getByLabel('Your name').waitFor();
    const kept = () => ann.page.evaluate(() => JSON.stringify(localStorage) + JSON.stringify(sessionStorage));
    await expect.poll(kept).not.toContain('gone-ann:');
    await expect.poll(kept).not.toContain('Not to be seen');
    await ann.page.reload();
    await ann.page.getByLabel('Your name').waitFor();
  });
});
