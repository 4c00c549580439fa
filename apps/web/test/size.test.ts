import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('the size of the first load');

/** Bytes of JavaScript by gzip that somebody who is signed in loads before they see what they came for. */
const most = 150_000;

describe.skipIf(!hasChromium)('the first load', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  async function sizeOf(path: string): Promise<number> {
    const answer = await fetch(stage.url + path);
    return gzipSync(await answer.arrayBuffer(), { level: 9 }).length;
  }

  /** Loads the page again, and adds up what was asked for before `place` said `text`: what comes after is for later. */
  async function measure(page: Page, place: 'main' | 'nav', text: string): Promise<number> {
    await page.addInitScript(
      (seen) => {
        const look = new MutationObserver(() => {
          const places = [...document.querySelectorAll<HTMLElement>(seen.place)];
          if (!places.some(({ innerText }) => innerText.includes(seen.text))) return;
          performance.mark('seen');
          look.disconnect();
        });
        look.observe(document, { childList: true, subtree: true, characterData: true });
      },
      { place, text },
    );
    await page.reload();
    const paths = await page
      .waitForFunction(() => {
        const mark = performance.getEntriesByName('seen')[0];
        if (mark === undefined) return null;
        return performance
          .getEntriesByType('resource')
          .filter(({ startTime }) => startTime <= mark.startTime)
          .map(({ name }) => new URL(name).pathname)
          .filter((path) => path.endsWith('.js'));
      })
      .then((found) => found.jsonValue());
    const sizes = await Promise.all(
      [...new Set(paths)].map(async (path) => [path, await sizeOf(path)] as const),
    );
    for (const [path, size] of sizes.toSorted(([, a], [, b]) => b - a))
      console.log(`${String(size).padStart(8)} ${path}`);
    return sizes.reduce((sum, [, size]) => sum + size, 0);
  }

  test('of the list is under 150 kB of JavaScript', async () => {
    const ann = await stage.person('First Ann');
    const total = await measure(ann.page, 'nav', 'No conversations yet');
    console.log(`First load of the list: ${total} bytes of JavaScript by gzip, of ${most}`);
    expect(total).toBeLessThan(most);
  });

  test('of a conversation with Markdown is under 150 kB, too', async () => {
    const ann = await stage.person('Second Ann');
    await stage.person('Second Bob');
    await ann.begin(['Second Bob']);
    await ann.send('Hello **Bob**, see https://example.org');
    await ann.message('Hello Bob').waitFor();
    const total = await measure(ann.page, 'main', 'Hello Bob, see');
    console.log(`First load of a conversation: ${total} bytes of JavaScript by gzip, of ${most}`);
    expect(total).toBeLessThan(most);
  });

  test('the rest is in nobody’s way: it waits until everything is there, however slow the line is', async () => {
    const { page } = await stage.person('Third Ann');
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/demo/token', async (route) => {
      await answered;
      await route.continue();
    });
    await page.clock.install();
    const tokenAsked = page.waitForRequest('**/demo/token');
    await page.reload();
    await tokenAsked;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    // What shows conversations is loaded already, as somebody comes near the list: the rest would follow at once.
    const first = page.waitForResponse(/conversation-page/);
    await page.getByRole('navigation', { name: 'Conversations' }).hover();
    await (await first).finished();
    await page.clock.fastForward(10_000);
    // Anything that this made the page ask for comes before these.
    for (let round = 0; round < 3; round += 1) await page.evaluate(() => fetch('/config.json'));
    expect(asked.filter(isRest)).toEqual([]);

    const rest = page.waitForRequest((request) => isRest(new URL(request.url()).pathname));
    answer();
    await rest;
  });
});

/** Something that nobody needs at first. */
const isRest = (path: string): boolean => path.startsWith('/assets/shortcuts-sheet');
