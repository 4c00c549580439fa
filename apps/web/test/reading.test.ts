import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { Caller } from './support/api.ts';
import type { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('reading in the web app');

describe.skipIf(!hasChromium)('who comes back reads on where they were', () => {
  let stage: Stage;
  let ann: Person;
  let bob: Caller;
  let group: string;
  beforeAll(async () => {
    stage = await openStage();
    ann = await stage.person('Ann');
    bob = new Caller(stage.url, 'bob', 'Bob');
    group = await bob.begin('Minutes', ['ann']);
    await bob.begin('Elsewhere', ['ann']);
    await say('Read', 40);
    await ann.open('Minutes');
    // One is led to the first of them; and to the last, however soon one asks.
    await latest().click();
    await ann.message('Read 40').waitFor();
    await ann.conversation('Minutes').getByText('unread').waitFor({ state: 'detached' });
    await ann.open('Elsewhere');
  });
  afterAll(() => stage.close());

  async function say(what: string, count: number): Promise<void> {
    for (let n = 1; n <= count; n++) await bob.send(group, `${what} ${n}`);
  }
  const latest = () => ann.page.getByRole('button', { name: /^Jump to latest/ });

  test('a line shows where what is new begins, and one is led there', async () => {
    await say('New', 30);
    await ann.conversation('Minutes').getByText('30 unread').waitFor();
    await ann.open('Minutes');
    const line = ann.page.getByText('New messages', { exact: true });
    await line.waitFor();
    await expect.poll(() => ann.isInView(line)).toBe(true);
    expect(await ann.isInView(ann.message('New 1').first())).toBe(true);
    const [lineBox, firstBox] = [await line.boundingBox(), await ann.message('New 1').first().boundingBox()];
    expect(lineBox?.y ?? Infinity).toBeLessThan(firstBox?.y ?? 0);
  });

  test('what comes while nobody looks at the window has the line above it when they come back', async () => {
    await latest().click();
    await ann.message('New 30').waitFor();
    const line = ann.page.getByText('New messages', { exact: true });
    const look = (has: boolean): Promise<void> =>
      ann.page.evaluate((isThere) => {
        document.hasFocus = () => isThere;
        window.dispatchEvent(new Event(isThere ? 'focus' : 'blur'));
      }, has);
    await ann.conversation('Minutes').getByText('unread').waitFor({ state: 'detached' });
    await look(false);
    await say('Meanwhile', 25);
    await ann.conversation('Minutes').getByText('25 unread').waitFor();
    await look(true);
    await expect.poll(() => ann.isInView(line)).toBe(true);
    const first = ann.message('Meanwhile 1').first();
    const [lineBox, firstBox] = [await line.boundingBox(), await first.boundingBox()];
    expect(lineBox?.y ?? Infinity).toBeLessThan(firstBox?.y ?? 0);
    expect((firstBox?.y ?? Infinity) - (lineBox?.y ?? 0)).toBeLessThan(80);
    // What was read before stands above it.
    const before = await ann.message('New 30').boundingBox();
    expect(before?.y ?? Infinity).toBeLessThan(lineBox?.y ?? 0);
  });

  test('a button leads to the latest, and what was passed by counts as read', async () => {
    await latest().click();
    await expect.poll(() => ann.isInView(ann.message('Meanwhile 25'))).toBe(true);
    await latest().waitFor({ state: 'detached' });
    await ann.conversation('Minutes').getByText('unread').waitFor({ state: 'detached' });
  });

  test('who reads further up stays there while others write, and is told how many messages there are', async () => {
    await ann.page.getByRole('feed').hover();
    await ann.page.mouse.wheel(0, -1500);
    await latest().waitFor();
    const shown = ann.message('New 5').first();
    await shown.waitFor();
    await shown.scrollIntoViewIfNeeded();
    await expect.poll(() => ann.isInView(shown)).toBe(true);
    const before = await shown.boundingBox();
    await say('Later', 3);
    await ann.page.getByRole('button', { name: 'Jump to latest, 3 new' }).waitFor();
    expect(await shown.boundingBox()).toEqual(before);
    await latest().click();
    await expect.poll(() => ann.isInView(ann.message('Later 3'))).toBe(true);
  });

  test('who is at the end sees what comes, and their own message even from further up', async () => {
    await bob.send(group, 'Right away');
    await ann.message('Right away').waitFor();
    await expect.poll(() => ann.isInView(ann.message('Right away'))).toBe(true);
    await ann.page.getByRole('feed').hover();
    await ann.page.mouse.wheel(0, -2500);
    await latest().waitFor();
    await ann.send('I was further up');
    await expect.poll(() => ann.isInView(ann.message('I was further up'))).toBe(true);
  });

  test('who replaces all that they are writing, however high it is, stays at the end', async () => {
    await ann.composer.fill(Array.from({ length: 9 }, (_, n) => `Line ${n}`).join('\n'));
    // The field shrinks and grows again within each edit.
    await ann.page.keyboard.press('ControlOrMeta+a');
    await ann.page.keyboard.press('ControlOrMeta+b');
    await ann.page.keyboard.press('ControlOrMeta+i');
    await bob.send(group, 'While she writes');
    await expect.poll(() => ann.isInView(ann.message('While she writes'))).toBe(true);
    expect(await latest().count()).toBe(0);
    await ann.composer.fill('');
  });
});
