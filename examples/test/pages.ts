/** What the tests of the pages stand on: a server in demo mode, a page served as its README says, and people at browsers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { createServer } from 'vite';
import { errorsOf, openBrowser } from '../../packages/client/test/support/browser.ts';
import { startServer, type TestServer } from '../../packages/server/test/support/server.ts';

/** In demo mode, as `npm start` is. */
export const startDemo = (env: Record<string, string> = {}): Promise<TestServer> =>
  startServer({ JWT_SECRET: '', SUPABASE_SERVICE_KEY: '', ...env });

/** What Chromium writes when a test breaks the network. */
const ofTheNetwork = /^(Failed to load resource|WebSocket connection to)/;

export interface App {
  readonly origin: string;
  /** A browser of somebody's own, at the page. */
  open(path?: string): Promise<Page>;
  /** Fails if a page had an error. */
  close(): Promise<void>;
}

/** Serves an example as `npx vite examples/<name>` does, but on a free port. */
export function openExample(name: string, server: string): Promise<App> {
  process.env['PARLEY_URL'] = server;
  return openApp(fileURLToPath(new URL(`../${name}`, import.meta.url)));
}

/** Serves a folder as `npx vite <folder>` does, but on a free port. */
export async function openApp(root: string): Promise<App> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'parley-vite-'));
  const vite = await createServer({
    root,
    cacheDir,
    logLevel: 'silent',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null, fs: { strict: false } },
  });
  await vite.listen();
  const [url = ''] = vite.resolvedUrls?.local ?? [];
  const browser = await openBrowser();
  const problems: (readonly string[])[] = [];
  return {
    origin: new URL(url).origin,
    open: (path = '') => openPage(browser, url + path, problems),
    async close() {
      await browser.close();
      await vite.close();
      await rm(cacheDir, { recursive: true, force: true });
      const found = problems.flat().filter((problem) => !ofTheNetwork.test(problem));
      if (found.length > 0) throw new Error(`The console of a page says:\n${found.join('\n')}`);
    },
  };
}

async function openPage(browser: Browser, url: string, problems: (readonly string[])[]): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  problems.push(errorsOf(page));
  await page.goto(url);
  return page;
}
