/** What Node can't show, in a real browser: IndexedDB, shared tabs, uploads by XHR, and a network that comes back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Browser, BrowserContext } from 'playwright-core';
import { hasChromium, leftOutWithoutChromium, openBrowser } from './support/browser.ts';
import { openStage, type Stage } from './support/people.ts';
import { Tab, startSite, type Site } from './support/site.ts';

leftOutWithoutChromium('the client in a browser');

describe.skipIf(!hasChromium)('in a browser', () => {
  let site: Site;
  let stage: Stage;
  let browser: Browser;
  let context: BrowserContext;
  let name = '';
  let count = 0;
  beforeAll(async () => {
    site = await startSite();
    stage = await openStage({ CORS_ORIGINS: site.origin });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await stage.close();
    await site.close();
  });
  beforeEach(async () => {
    name = `ann-${++count}`;
    context = await browser.newContext();
    return async () => {
      await context.close();
      await stage.cable.mend();
    };
  });

  /** A conversation of hers and Bob's, in which he said something. */
  async function room() {
    const bob = await stage.server.person(`bob-${count}`);
    const { id } = await bob.group({ id: name });
    await bob.say(id, 'hello');
    const contents = async () => {
      const { body } = await bob.get<{ messages: { content: string }[] }>(
        `/api/conversations/${id}/messages`,
      );
      return body.messages.map(({ content }) => content).toReversed();
    };
    return { bob, id, contents };
  }

  async function tab(id: string): Promise<Tab> {
    const opened = await Tab.open(context, site);
    await opened.start(stage, name);
    await opened.live();
    await opened.run('open', id);
    await opened.until(`chat.shown('${id}').length > 0`);
    return opened;
  }

  test('a reload without a network: what was known shows at once, and what was unsent arrives once', async () => {
    const { id, contents } = await room();
    const ann = await tab(id);
    await expect.poll(() => ann.run('kept'), { timeout: 5000 }).toContain('place');
    await stage.cable.cut();
    await ann.run('send', id, 'one', 'two');
    await ann.run('read', id);
    await ann.page.reload();
    await ann.start(stage, name);
    await ann.until(`chat.shown('${id}').length === 3`);
    expect(await ann.run('shown', id)).toEqual([
      ['hello', expect.anything()],
      ['one', 'sending'],
      ['two', 'sending'],
    ]);
    expect(await ann.run('state')).toMatchObject({ unread: 0 });
    await stage.cable.mend();
    await ann.run('wake');
    await ann.until(`chat.shown('${id}').every(([, status]) => status !== 'sending')`);
    expect(await contents()).toEqual(['hello', 'one', 'two']);
    // What was read while offline was told.
    const reader = await stage.server.person(name);
    const { body } = await reader.get<{ unread_count: number }>(`/api/conversations/${id}`);
    expect(body.unread_count).toBe(0);
  });

  test('what was sent and read in the moment before the page is left is kept', async () => {
    const { id } = await room();
    const ann = await tab(id);
    await stage.cable.cut();
    const left = ann.page.waitForEvent('load');
    const act = `chat.send('${id}', 'one', 'two'); chat.read('${id}'); setTimeout(() => location.reload())`;
    await ann.page.evaluate(act);
    await left;
    await ann.start(stage, name);
    await ann.until(`chat.shown('${id}').filter(([, status]) => status === 'sending').length === 2`);
    expect(await ann.run('kept')).toContain(`r:${id}`);
  });

  test('what is sent after the browser has closed its storage is kept, too', async () => {
    const { id } = await room();
    const ann = await tab(id);
    await stage.cable.cut();
    await ann.page.evaluate(`new Promise((resolve) => {
      indexedDB.deleteDatabase('parley').onsuccess = resolve;
    })`);
    await ann.run('send', id, 'one');
    await expect.poll(() => ann.run('kept')).toContainEqual(expect.stringMatching('^o:'));
  });

  test('a page that the server does not know is told which setting names it', async () => {
    const ann = await Tab.open(context, { ...site, origin: site.origin.replace('127.0.0.1', 'localhost') });
    await ann.start(stage, name);
    // Told while it waits for its next try, which may be over by the time that a second question is asked.
    await ann.until(`/CORS_ORIGINS must name http:\\/\\/localhost:/.test(chat.state().error)`);
  });

  test('tabs share one socket; when its tab is closed another one takes over, and nothing is lost or doubled', async () => {
    const { bob, id, contents } = await room();
    const [first, second] = [await tab(id), await tab(id)];
    expect([first.sockets, second.sockets]).toEqual([1, 0]);
    await bob.say(id, 'to both');
    await second.run('send', id, 'from the second');
    const both = `chat.shown('${id}').length === 3 && chat.shown('${id}').every(([, status]) => status !== 'sending')`;
    await Promise.all([first.until(both), second.until(both)]);
    await first.page.close();
    await bob.say(id, 'while it changes');
    await second.until(`chat.shown('${id}').length === 4`);
    await second.live();
    expect(second.sockets).toBe(1);
    await second.run('send', id, 'and on');
    await second.until(`chat.shown('${id}').length === 5 && chat.shown('${id}')[4][1] !== 'sending'`);
    const said = await contents();
    expect(said.toSorted()).toEqual(['and on', 'from the second', 'hello', 'to both', 'while it changes']);
  });

  test('what was unsent in a tab that is closed shows in the others, and they send it', async () => {
    const { id, contents } = await room();
    const [first, second, third] = [await tab(id), await tab(id), await tab(id)];
    await stage.cable.cut();
    await first.until(`chat.state().status === 'waiting'`);
    await first.run('send', id, 'from the first');
    await third.run('send', id, 'from the third');
    await second.until(`chat.shown('${id}').length === 3`);
    await first.page.close();
    await third.page.close();
    await stage.cable.mend();
    await second.run('wake');
    await second.until(`chat.shown('${id}').every(([, status]) => status !== 'sending')`);
    expect(await second.run('shown', id)).toHaveLength(3);
    expect((await contents()).toSorted()).toEqual(['from the first', 'from the third', 'hello']);
  });

  test('an upload tells its progress, can be aborted, and is posted once', async () => {
    const { id, contents } = await room();
    const ann = await tab(id);
    await ann.run('upload', id, 'key-1', 3_000_000);
    await ann.run('abort', 'key-1');
    await ann.until(`chat.uploaded('key-1').outcome === 'aborted'`);
    await ann.run('upload', id, 'key-1', 3_000_000);
    await ann.until(`chat.uploaded('key-1').outcome !== null`);
    const { outcome, progress } = (await ann.run('uploaded', 'key-1')) as {
      outcome: string;
      progress: [loaded: number, total: number][];
    };
    expect(outcome).toBe('sent');
    expect(progress.at(-1)?.[0]).toBe(progress.at(-1)?.[1]);
    expect(progress.at(-1)?.[0]).toBeGreaterThan(3_000_000);
    await ann.run('upload', id, 'key-1', 3_000_000);
    await ann.until(`chat.uploaded('key-1').outcome === 'sent'`);
    expect(await contents()).toHaveLength(2);
  });

  test('a network that comes back, or a page that is looked at again, ends the wait for a reconnect', async () => {
    const { id } = await room();
    const ann = await Tab.open(context, site);
    await ann.start(stage, name, { pause: 600_000, longest: 600_000 });
    await ann.live();
    await ann.run('open', id);
    const wakes = [
      async () => {
        await context.setOffline(true);
        await context.setOffline(false);
      },
      () => ann.page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`),
    ];
    for (const wake of wakes) {
      await stage.cable.cut();
      await ann.until(`chat.state().status === 'waiting'`);
      await stage.cable.mend();
      await wake();
      await ann.live();
    }
  });
});
