import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Locator } from 'playwright-core';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { fillHistory, postPictures } from './support/history.ts';
import type { Person } from './support/person.ts';
import { settle, turnUp, type Turn } from './support/scroll-steps.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('long histories in the web app');

const count = 100_000;
/** More than a client holds of a conversation, so that it lets go of the newest. */
const scrolled = 1100;
/** A tall window, so that much passes through it in little time. */
const viewport = { width: 1280, height: 1600 };
/** Pixels a turn of the wheel. */
const step = 400;
const slow = { timeout: 240_000 };

describe.skipIf(!hasChromium)('a conversation of 100,000 messages', () => {
  let stage: Stage;
  let ann: Person;
  beforeAll(async () => {
    stage = await openStage();
    ann = await stage.person('Ann', { viewport });
    await stage.person('Bob');
    await ann.begin(['Bob'], 'Everything ever said');
    await ann.send('The first of many');
    await ann.message('The first of many').waitFor();
    await postPictures(stage.url, idOf(ann));
    await fillHistory(stage.database.url, count);
    await ann.page.reload();
    await numbered(count).waitFor();
    await feed().hover();
    await settle(ann.page);
  });
  afterAll(() => stage.close());

  const numbered = (n: number): Locator => ann.message(new RegExp(`Message ${n}\\b`));
  const feed = (): Locator => ann.page.getByRole('feed');
  const isReached = (n: number): Promise<boolean> =>
    ann.page
      .getByRole('article')
      .evaluateAll(
        (all, to) => all.some((each) => Number(/Message (\d+)/.exec(each.textContent)?.[1] ?? to + 1) <= to),
        n,
      );

  /** Every message that stays in view moves by as much as the wheel was turned, or as there was to scroll. */
  async function turn(): Promise<Turn> {
    const done = await turnUp(ann.page, step);
    expect(done.stayed).toBeGreaterThan(0);
    expect(done.most - done.least).toBeLessThan(2);
    expect(done.most).toBeLessThan(step + 2);
    expect(done.most).toBeGreaterThan((done.isAtTop ? 0 : Math.min(step, done.room)) - 2);
    expect(done).toMatchObject({ isBlank: false });
    expect(done.drawn).toBeLessThan(80);
    expect(done.elements).toBeLessThan(2000);
    return done;
  }

  /** Older messages come in above what is in view, which stays where it is. */
  async function olderComeIn(): Promise<void> {
    await expect.poll(() => feed().evaluate(({ scrollTop }) => scrollTop)).toBeGreaterThan(0);
    const { least, most, stayed } = await settle(ann.page);
    expect(stayed).toBeGreaterThan(0);
    expect(Math.max(-least, most)).toBeLessThan(2);
  }

  test(
    'is scrolled up through without a jump, while messages are read, let go, and pictures arrive',
    slow,
    async ({ signal }) => {
      await ann.page.route('**/thumbnail', async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        await route.continue();
      });
      while (!signal.aborted && !(await isReached(count - scrolled)))
        for (let turns = 0; turns < 10; turns++) if ((await turn()).isAtTop) await olderComeIn();
    },
  );

  test(
    'does not jump on a slow network either, where one comes to the end of what was read',
    slow,
    async ({ signal }) => {
      const { page } = ann;
      let arrive = Promise.withResolvers<void>();
      await page.route('**/messages?**', async (route) => {
        await arrive.promise;
        await route.continue();
      });
      for (let ends = 0; ends < 4; ends++) {
        while (!signal.aborted && !(await turn()).isAtTop);
        arrive.resolve();
        arrive = Promise.withResolvers();
        await olderComeIn();
      }
      arrive.resolve();
      await page.unroute('**/messages?**');
    },
  );

  test('leads to its very first message and back to the newest, and stays there', slow, async () => {
    const { page } = ann;
    const first = ann.message('The first of many');
    for (const [key, shown] of [
      ['Home', first],
      ['End', numbered(count)],
    ] as const) {
      await feed().focus();
      await page.keyboard.press(key);
      await shown.waitFor();
      await expect.poll(() => ann.isInView(shown)).toBe(true);
      // For a moment after a jump rows are measured, and the place corrected.
      await settle(page, 30);
      const place = await shown.boundingBox();
      await settle(page, 30);
      expect(await shown.boundingBox()).toEqual(place);
      expect(await ann.isInView(shown)).toBe(true);
    }
  });
});

/** The conversation that is open, by the address. */
const idOf = ({ page }: Person): string => /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(page.url())?.[0] ?? '';
