/** A real browser for tests, where the machine has one: Chromium, driven by playwright-core. */
import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';

const places = [
  process.env['CHROMIUM_PATH'],
  // The same without what draws windows on a desktop: a page costs half as much.
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

const isProgram = (path: string | undefined): path is string => {
  if (path === undefined || path === '') return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Where Chromium is; null where there is none. `CHROMIUM_PATH` says where else to look first. */
export const chromiumPath: string | null = places.find(isProgram) ?? null;

/** For `test.skipIf(!hasChromium)`: says once which tests are left out without it. */
export const hasChromium = chromiumPath !== null;
export const leftOutWithoutChromium = (what: string): void => {
  if (!hasChromium) console.log(`Left out: ${what}, as there is no Chromium (see CHROMIUM_PATH).`);
};

/** A browser that reaches this machine and nothing else. Whoever opens it closes it. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath ?? 'chromium',
    args: [
      '--no-sandbox',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      '--disable-dev-shm-usage',
    ],
  });

/** What went wrong in a page from now on: errors of the console and those that nobody caught. */
export function errorsOf(page: Page): readonly string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  return errors;
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/**
 * What axe-core finds wrong with a page as it is now: each rule that is broken, with the elements that break it; of all rules,
 * or of these. Evaluated, so that no policy of the page is in its way.
 */
export async function violationsOf(page: Page, rules: readonly string[] | null = null): Promise<string[]> {
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`)))
    await page.evaluate(await readFile(axe, 'utf8'));
  const options = JSON.stringify(rules === null ? {} : { runOnly: rules });
  const { violations } = await page.evaluate<AxeResults>(`axe.run(${options})`);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
}
