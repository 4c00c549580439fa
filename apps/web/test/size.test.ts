import { gzipSync } from 'node:zlib';
import type { Page, Response } from 'playwright-core';
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

  async function measure(page: Page, isThere: () => Promise<unknown>): Promise<number> {
    const paths = new Set<string>();
    const note = (response: Response): void => {
      const { pathname } = new URL(response.url());
      if (pathname.endsWith('.js')) paths.add(pathname);
    };
    page.on('response', note);
    await page.reload();
    await isThere();
    page.off('response', note);
    const sizes = await Promise.all([...paths].map(async (path) => [path, await sizeOf(path)] as const));
    for (const [path, size] of sizes.toSorted(([, a], [, b]) => b - a))
      console.log(`${String(size).padStart(8)} ${path}`);
    return sizes.reduce((sum, [, size]) => sum + size, 0);
  }

  test('of the list is under 150 kB of JavaScript', async () => {
    const ann = await stage.person('First Ann');
    const total = await measure(ann.page, async () => {
      await ann.page.getByText('No conversations yet').waitFor();
      await ann.page.getByRole('button', { name: /^Your account: First Ann Online/ }).waitFor();
    });
    console.log(`First load of the list: ${total} bytes of JavaScript by gzip, of ${most}`);
    expect(total).toBeLessThan(most);
  });

  test('of a conversation with Markdown is under 150 kB, too', async () => {
    const ann = await stage.person('Second Ann');
    await stage.person('Second Bob');
    await ann.begin(['Second Bob']);
    await ann.send('Hello **Bob**, see https://example.org');
    await ann.message('Hello Bob').waitFor();
    // Until it can be read; what is loaded ahead for later comes after that.
    const total = await measure(ann.page, () => ann.message('Hello Bob').waitFor());
    console.log(`First load of a conversation: ${total} bytes of JavaScript by gzip, of ${most}`);
    expect(total).toBeLessThan(most);
  });
});
