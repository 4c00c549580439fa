/** For pictures: a server with a world, a database of their own, a page of another site, and a browser. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser } from '../../../../packages/client/test/support/browser.ts';
import { endChildren } from '../../../../packages/server/test/support/child.ts';
import { startServerNode } from '../../../../packages/server/test/support/node.ts';
import { startEmbedded } from '../../../../packages/server/src/store/embedded.ts';
import { ensureBuilt } from './built.ts';
import { startHostPage, type HostPage } from './host-page.ts';
import { Person } from './person.ts';
import { fillWorld, type World } from './world.ts';

export interface ScreenStage {
  readonly url: string;
  readonly world: World;
  readonly host: HostPage;
  readonly browser: Browser;
  /** A window of its own in which nobody has signed in. */
  window(context: BrowserContextOptions): Promise<Person>;
  close(): Promise<void>;
}

export async function openScreenStage(): Promise<ScreenStage> {
  await ensureBuilt();
  const work = await mkdtemp(join(tmpdir(), 'parley-screens-'));
  await mkdir(join(work, 'postgres'));
  const [postgres, host, browser] = await Promise.all([
    startEmbedded(join(work, 'postgres')),
    startHostPage(),
    openBrowser(),
  ]);
  const close = async (): Promise<void> => {
    await browser.close();
    await endChildren();
    await host.close();
    await postgres.stop();
    await rm(work, { recursive: true, force: true });
  };
  try {
    const { origin: url } = await startServerNode({
      DATABASE_URL: postgres.url,
      PARLEY_DATA_DIR: join(work, 'data'),
      JWT_SECRET: '',
      CORS_ORIGINS: host.origin,
    });
    const world = await fillWorld(url, postgres.url);
    const window = async (context: BrowserContextOptions): Promise<Person> => {
      const own = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...context });
      return new Person(await own.newPage(), url);
    };
    return { url, world, host, browser, window, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until nothing is on its way any more, and takes the pointer from where it made something show. */
export async function settle(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => {
    const roots = [document, ...[...document.querySelectorAll('*')].flatMap((each) => each.shadowRoot ?? [])];
    return roots.every(
      (root) =>
        root.querySelector('[aria-busy="true"], .picture:not(:has(img))') === null &&
        [...root.querySelectorAll('img')].every((image) => image.complete),
    );
  });
}
