import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  errorsOf,
  hasChromium,
  leftOutWithoutChromium,
} from '../../../packages/client/test/support/browser.ts';
import { Caller } from './support/api.ts';
import { startHostPage, type HostPage } from './support/host-page.ts';
import { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('the element <parley-chat>');

describe.skipIf(!hasChromium)('<parley-chat> in a page of another origin', () => {
  let host: HostPage;
  let stage: Stage;
  beforeAll(async () => {
    host = await startHostPage();
    stage = await openStage({ CORS_ORIGINS: host.origin });
  });
  afterAll(async () => {
    await stage.close();
    await host.close();
  });

  const script = (): string => `<script type="module" src="${stage.url}/parley-chat.js"></script>`;

  const tokenOf = (id: string, name: string): Promise<string> => new Caller(stage.url, id, name).token();

  async function begin(token: string, other: string): Promise<string> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ type: 'direct', participant_ids: [other] });
    const answer = await fetch(`${stage.url}/api/conversations`, { method: 'POST', headers, body });
    return ((await answer.json()) as { id: string }).id;
  }

  /** A window with that page; errors of its console fail the test in the end. */
  async function visit(body: string): Promise<{ page: Page; person: Person; errors: readonly string[] }> {
    const page = await stage.browser.newPage({ viewport: { width: 1000, height: 800 }, locale: 'en-GB' });
    const errors = errorsOf(page);
    await page.goto(host.page(body));
    return { page, person: new Person(page, stage.url), errors };
  }

  test('one conversation alone, by a token of the page, talks with the app', async () => {
    const ann = await tokenOf('embed-ann', 'Embed Ann');
    await tokenOf('embed-bob', 'Embed Bob').then((token) => begin(token, 'embed-ann'));
    const id = await begin(ann, 'embed-bob');
    const { page, person, errors } = await visit(`
      <parley-chat conversation="${id}"></parley-chat>
      <script>
        window.unread = [];
        const chat = document.querySelector('parley-chat');
        chat.getToken = async () => ${JSON.stringify(ann)};
        document.addEventListener('parley-unread', (event) => window.unread.push(event.detail.messages));
      </script>
      ${script()}`);
    await person.composer.waitFor();
    expect(await page.getByRole('navigation', { name: 'Conversations' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: /^Back/ }).count()).toBe(0);
    expect(new URL(page.url()).hash).toBe('');

    const bob = await stage.person('Embed Bob');
    await bob.open('Embed Ann');
    await person.send('From inside of a page');
    await bob.message('From inside of a page').waitFor();
    await bob.send('I see it');
    await person.message('I see it').waitFor();
    expect(await page.evaluate(() => Reflect.get(globalThis, 'unread').at(0))).toBe(0);
    expect(await page.title()).toBe('Host');
    // Menus and dialogs are inside of it, too, and go by the keyboard.
    await person.choose('From inside of a page', 'Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await bob.message('From inside of a page').waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.close();
  });

  test('another getToken is another person', async () => {
    const [first, second] = [
      await tokenOf('embed-first', 'Embed First'),
      await tokenOf('embed-second', 'Embed Second'),
    ];
    const { page } = await visit(`<parley-chat></parley-chat>${script()}`);
    const give = (token: string) =>
      page
        .locator('parley-chat')
        .evaluate((element, given) => Object.assign(element, { getToken: () => given }), token);
    await give(first);
    await page.getByRole('button', { name: /^Your account: embed.first/i }).waitFor();
    await give(second);
    await page.getByRole('button', { name: /^Your account: embed.second/i }).waitFor();
  });

  test('it looks as the page says, and leaves the page as it is', async () => {
    const token = await tokenOf('embed-cara', 'Embed Cara');
    const { page, errors } = await visit(`
      <style>
        body { background: rgb(1, 2, 3); }
        button { border: 9px solid red; }
        parley-chat { --parley-accent: rgb(120, 0, 200); --parley-radius: 0px; height: 500px; }
      </style>
      <parley-chat theme="dark" dir="rtl" token="${token}"></parley-chat>
      ${script()}`);
    const button = page
      .getByRole('button', { name: 'New conversation' })
      .and(page.locator('.button-primary'))
      .filter({ visible: true })
      .first();
    await button.waitFor();
    const look = await button.evaluate((element) => {
      const { backgroundColor, borderTopWidth, direction, colorScheme } = getComputedStyle(element);
      return { backgroundColor, borderTopWidth, direction, colorScheme };
    });
    expect(look).toMatchObject({
      backgroundColor: 'rgb(120, 0, 200)',
      direction: 'rtl',
      colorScheme: 'dark',
    });
    expect(look.borderTopWidth).not.toBe('9px');
    // The ground follows the theme, too, and not the system's.
    const ground = await button.evaluate((element) => {
      const root = element.closest('.parley');
      return root === null ? null : getComputedStyle(root).backgroundColor;
    });
    expect(ground).toBe('rgb(22, 24, 26)');
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(1, 2, 3)');
    expect((await page.locator('parley-chat').boundingBox())?.height).toBe(500);
    // Keys of the page around it are the page's.
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await button.focus();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  test('in a page from right to left one writes from there, too', async () => {
    const ann = await tokenOf('embed-iris', 'Embed Iris');
    await tokenOf('embed-jon', 'Embed Jon');
    const id = await begin(ann, 'embed-jon');
    const { page, person } = await visit(`
      <style>html { direction: rtl }</style>
      <parley-chat conversation="${id}" token="${ann}"></parley-chat>
      ${script()}`);
    await person.composer.waitFor();
    const direction = () => person.composer.evaluate((field) => getComputedStyle(field).direction);
    expect(await direction()).toBe('rtl');
    await person.composer.fill('Hello');
    expect(await direction()).toBe('ltr');
    await person.composer.fill('مرحبا');
    expect(await direction()).toBe('rtl');
    await page.close();
  });

  test('moving it keeps its connection, and removing it ends that', async () => {
    const token = await tokenOf('embed-dilan', 'Embed Dilan');
    const { page } = await visit('<p>Nothing yet</p>');
    const socket = page.waitForEvent('websocket');
    await page.setContent(`<parley-chat token="${token}"></parley-chat><aside></aside>${script()}`);
    const opened = await socket;
    let isClosed = false;
    const closed = new Promise<void>((resolve) =>
      opened.once('close', () => {
        isClosed = true;
        resolve();
      }),
    );
    const list = page.getByRole('navigation', { name: 'Conversations' });
    await list.getByText('No conversations yet').waitFor();
    await page.evaluate(() => {
      const chat = document.querySelector('parley-chat');
      if (chat !== null) document.querySelector('aside')?.append(chat);
    });
    await list.getByText('No conversations yet').waitFor();
    expect(isClosed).toBe(false);
    await page.evaluate(() => document.querySelector('parley-chat')?.remove());
    await closed;
    await page.close();
  });

  test('several on one page, and one without a token lets people sign in', async () => {
    const [eve, gus] = [await tokenOf('embed-eve', 'Embed Eve'), await tokenOf('embed-gus', 'Embed Gus')];
    const { page, errors } = await visit(`
      <parley-chat id="eve" token="${eve}"></parley-chat>
      <parley-chat id="gus" token="${gus}"></parley-chat>
      <parley-chat id="anybody"></parley-chat>
      ${script()}`);
    for (const [id, name] of [
      ['eve', 'embed-eve'],
      ['gus', 'embed-gus'],
    ])
      await page
        .locator(`#${id}`)
        .getByRole('button', { name: new RegExp(`Your account: (${name}|Embed)`) })
        .waitFor();
    await page.locator('#anybody').getByLabel('Your name').fill('Embed Hana');
    await page.keyboard.press('Enter');
    await page.locator('#anybody').getByRole('button', { name: 'Your account: Embed Hana' }).waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  test('a token that the server does not take is told to the page', async () => {
    const { page } = await visit(`
      <script>
        window.refused = new Promise((resolve) =>
          document.addEventListener('parley-error', (event) => resolve(event.detail.code)));
      </script>
      <parley-chat token="nonsense"></parley-chat>
      ${script()}`);
    expect(await page.evaluate(() => Reflect.get(globalThis, 'refused'))).toBe('invalid_token');
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await page.close();
  });
});
