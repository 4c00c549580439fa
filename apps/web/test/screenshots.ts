/**
 * Pictures of every screen of the web app, wide and narrow, light and dark, from a server and a world of their own:
 * `npm run screenshots [FOLDER] [SCREEN…]`; those that the README and the guide show, in their place:
 * `npm run screenshots -- --guide`. Needs Chromium.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { hasChromium } from '../../../packages/client/test/support/browser.ts';
import { takeGuidePictures } from './support/guide-pictures.ts';
import { openScreenStage, settle, type ScreenStage } from './support/screen-stage.ts';
import { screens } from './support/screens.ts';

const shapes: readonly (readonly [name: string, context: BrowserContextOptions])[] = [
  ['wide-light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['wide-dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
  ['narrow-light', { viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true }],
  ['narrow-dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true }],
  ['narrowest-light', { viewport: { width: 320, height: 640 }, colorScheme: 'light', hasTouch: true }],
  ['right-to-left', { viewport: { width: 1280, height: 800 }, colorScheme: 'light', locale: 'ar' }],
];

async function takeScreens(stage: ScreenStage, folder: string, wanted: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [shape, context] of shapes)
    for (const [name, show] of Object.entries(screens)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const person = await stage.window(context);
      await show(person, stage.world);
      await settle(person.page);
      await person.page.screenshot({ path: join(folder, `${name}.${shape}.png`) });
      await person.page.context().close();
      console.log(`${name}.${shape}.png`);
    }
}

if (!hasChromium) {
  console.error('There is no Chromium here: install one, or say by CHROMIUM_PATH where it is.');
  process.exit(1);
}
const [folder = 'screenshots', ...wanted] = process.argv.slice(2);
const stage = await openScreenStage();
try {
  if (folder === '--guide') await takeGuidePictures(stage);
  else await takeScreens(stage, resolve(folder), wanted);
} finally {
  await stage.close();
}
