/** The pictures that the README and the guide show. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { openExample } from '../../../../examples/test/pages.ts';
import { Caller } from './api.ts';
import type { Person } from './person.ts';
import { settle, type ScreenStage } from './screen-stage.ts';
import { screens } from './screens.ts';
import { hostBody } from './guide-host.ts';

const folder = fileURLToPath(new URL('../../../../docs/images', import.meta.url));

/** Bytes that one may take: pages of the guide should open at once. */
const most = 150_000;

const wide = { width: 1280, height: 800 };

/** Takes them all, in their places. @throws Error if one is too large */
export async function takeGuidePictures(stage: ScreenStage): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    await ofScreen(stage, `app-${colorScheme}`, { viewport: wide, colorScheme });
  await ofScreen(stage, 'phone-dark', {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    hasTouch: true,
  });
  await embedding(stage);
  await quickStart(stage);
  await react(stage);
}

async function ofScreen(
  stage: ScreenStage,
  name: string,
  context: Parameters<ScreenStage['window']>[0],
): Promise<void> {
  const person = await stage.window(context);
  await screens['lunch']?.(person, stage.world);
  await settle(person.page);
  await keep(name, await person.page.screenshot());
}

/** The element in somebody's page, in that page's colours. */
async function embedding(stage: ScreenStage): Promise<void> {
  const { page } = await stage.window({ viewport: { width: 1180, height: 680 }, colorScheme: 'light' });
  const ann = new Caller(stage.url, 'ann', 'Ann Okafor');
  const conversation = stage.world.conversations.get('Tuesday painters') ?? '';
  await page.goto(stage.host.page(hostBody(stage.url, conversation, await ann.token())));
  await page.getByRole('article').first().waitFor();
  await settle(page);
  await keep('embedding', await page.screenshot());
}

/** Two windows, two people. */
async function quickStart(stage: ScreenStage): Promise<void> {
  const viewport = { width: 460, height: 560 };
  const people: Person[] = [];
  for (const name of ['Ann', 'Bob']) {
    const person = await stage.window({ viewport, colorScheme: 'light' });
    await person.page.goto(stage.url);
    await person.signIn(`${name} Example`);
    people.push(person);
  }
  const [ann, bob] = people;
  if (ann === undefined || bob === undefined) return;
  await ann.begin(['Bob Example']);
  await ann.send('Pizza or soup?');
  await bob.open('Ann Example');
  await bob.send('Pizza. Always pizza.');
  await ann.message('Pizza. Always pizza.').waitFor();
  await ann.send('12:30 at the usual place?');
  await bob.message('12:30').waitFor();
  for (const { page } of people) await settle(page);
  await bob.composer.pressSequentially('I’ll be th');
  await ann.page
    .getByRole('main')
    .getByText(/typing/)
    .first()
    .waitFor();
  const pictures = await Promise.all(people.map(({ page }) => page.screenshot()));
  await keep('quick-start', await sideBySide(await newPage(stage), pictures));
}

/** The example in React, as it is. */
async function react(stage: ScreenStage): Promise<void> {
  const app = await openExample('react', stage.url);
  const pages = await Promise.all(['Mira', 'Jonas'].map((name) => signInExample(app.open(), name)));
  const [mira, jonas] = pages;
  if (mira === undefined || jonas === undefined) return;
  await mira.setViewportSize({ width: 860, height: 480 });
  await mira.getByLabel('Talk with').fill('Jonas');
  await mira.getByRole('button', { name: 'Open' }).click();
  await say(mira, 'Did the new hooks work for you?');
  await jonas.getByRole('button', { name: /Mira/ }).click();
  await say(jonas, 'Yes! Five minutes, and it had typing and read marks');
  await mira.getByText('Five minutes').last().waitFor();
  await say(mira, 'Then I will show it on Thursday');
  await jonas.getByText('on Thursday').last().waitFor();
  await jonas.getByLabel('Message', { exact: true }).pressSequentially('Gr');
  await mira.getByText('Jonas typing …').waitFor();
  await keep('react', await mira.screenshot());
  await app.close();
}

async function signInExample(opened: Promise<Page>, name: string): Promise<Page> {
  const page = await opened;
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByLabel('Talk with').waitFor();
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

async function newPage({ browser }: ScreenStage): Promise<Page> {
  return browser.newPage({ viewport: { width: 1012, height: 640 } });
}

/** As windows on a desk. */
async function sideBySide(page: Page, pictures: readonly Buffer[]): Promise<Buffer> {
  const windows = pictures.map(
    (picture) => `<figure><i></i><img src="data:image/png;base64,${picture.toString('base64')}"></figure>`,
  );
  await page.setContent(`<style>
    body { margin: 0; height: 640px; display: flex; gap: 28px; place-content: center; place-items: center; background: #d9dfdd; }
    figure { margin: 0; border-radius: 10px; overflow: hidden; background: #fff; box-shadow: 0 10px 30px #0003; }
    i { display: block; height: 26px; background: radial-gradient(circle 5px at 16px 13px, #b9c2bf 98%, #0000), radial-gradient(circle 5px at 34px 13px, #b9c2bf 98%, #0000), radial-gradient(circle 5px at 52px 13px, #b9c2bf 98%, #0000), #eef1f0; }
    img { display: block; }
  </style>${windows.join('')}`);
  return page.screenshot();
}

async function keep(name: string, picture: Buffer): Promise<void> {
  const { size } = await sharp(picture)
    .png({ palette: true, quality: 95, effort: 10 })
    .toFile(join(folder, `${name}.png`));
  console.log(`docs/images/${name}.png: ${size} bytes`);
  if (size > most) throw new Error(`${name}.png is larger than ${most} bytes`);
}
