import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  hasChromium,
  leftOutWithoutChromium,
  violationsOf,
} from '../../../packages/client/test/support/browser.ts';
import type { Person } from './support/person.ts';
import { screens } from './support/screens.ts';
import { openStage, type Stage } from './support/stage.ts';
import { fillWorld, type World } from './support/world.ts';

leftOutWithoutChromium('whether everybody can use the web app');

/** What can be pressed, filled in or read as a heading and reaches out of the window to a side. */
const cutOff = ({ page }: Person): Promise<string[]> =>
  page.evaluate(() => {
    const isOutside = (element: Element): boolean => {
      const { left, right, width } = element.getBoundingClientRect();
      return (
        width > 1 &&
        (right > innerWidth + 1 || left < -1) &&
        element.checkVisibility({ visibilityProperty: true })
      );
    };
    return [...document.querySelectorAll('button, input, textarea, h1, h2, a, [role="menuitem"]')]
      .filter(isOutside)
      .map((element) => element.outerHTML.slice(0, 120));
  });

describe.skipIf(!hasChromium)('everybody can use it', () => {
  let stage: Stage;
  let world: World;
  beforeAll(async () => {
    stage = await openStage();
    world = await fillWorld(stage.url, stage.database.url);
  });
  afterAll(() => stage.close());

  describe('every screen, wide and narrow, light and dark', () => {
    let person: Person;
    beforeAll(async () => {
      person = await stage.visitor({ reducedMotion: 'reduce' });
    });

    /** The first is where one signs in, and then stays signed in. */
    test.each(Object.keys(screens))(
      '%s: axe finds nothing, and nothing is cut off at 320 px',
      async (name) => {
        const { page } = person;
        for (const width of [1280, 390]) {
          // Shown anew: a menu closes and a panel becomes a dialog when the window gets narrow.
          await page.setViewportSize({ width, height: 844 });
          await screens[name]?.(person, world);
          await page.emulateMedia({ colorScheme: 'light' });
          expect(await violationsOf(person.page), `light, ${width} px`).toEqual([]);
          // The same elements in other colours.
          await page.emulateMedia({ colorScheme: 'dark' });
          expect(await violationsOf(person.page, ['color-contrast']), `dark, ${width} px`).toEqual([]);
        }
        await page.setViewportSize({ width: 320, height: 640 });
        await screens[name]?.(person, world);
        expect(await cutOff(person)).toEqual([]);
      },
    );
  });

  test('one can sign in, begin a conversation, write and read by the keyboard alone', async () => {
    const { page } = await stage.visitor();
    await page.getByLabel('Your name').waitFor();
    await page.keyboard.type('Keyboard Ann');
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Conversations' }).waitFor();
    await page.keyboard.press('n');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('Bob');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Just the two of you').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: /^Message/ }).waitFor();
    await page.locator('textarea:focus').waitFor();
    await page.keyboard.type('No mouse was moved');
    await page.keyboard.press('Enter');
    // What is still on its way can't be edited.
    const sent = page.getByRole('article').filter({ hasText: 'No mouse was moved' });
    await sent.getByText(/^(Sent|Delivered)$/).waitFor({ state: 'attached' });
    await page.keyboard.press('ArrowUp');
    await page.keyboard.type(', honestly');
    await page.keyboard.press('Enter');
    await page.getByRole('article').filter({ hasText: 'No mouse was moved, honestly' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page
      .locator(':focus')
      .and(page.getByRole('textbox', { name: 'Search', exact: true }))
      .waitFor();
  });

  test('all that can be pressed is 44 px at least', async () => {
    const person = await stage.visitor({ viewport: { width: 390, height: 844 }, hasTouch: true });
    await screens['lunch']?.(person, world);
    const small = await person.page.evaluate(() =>
      [...document.querySelectorAll('button, [role="button"]')]
        .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
        .map((element) => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 1 && (box.height < 43.5 || box.width < 43.5))
        .map(
          ({ element, box }) =>
            `${Math.round(box.width)} × ${Math.round(box.height)}: ${element.outerHTML.slice(0, 120)}`,
        ),
    );
    expect(small).toEqual([]);
  });
});
