import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { Caller } from './support/api.ts';
import { withoutApi } from './support/offline.ts';
import type { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('writing in the web app');

describe.skipIf(!hasChromium)('writing', () => {
  let stage: Stage;
  let ann: Person;
  let bob: Caller;
  const ids = new Map<string, string>();
  beforeAll(async () => {
    // So few that somebody who types fast meets the limit.
    stage = await openStage({ RATE_LIMITS: '{"message_send": {"student": [3, 4]}}' });
    ann = await stage.person('Ann');
    bob = new Caller(stage.url, 'bob', 'Bob');
    for (const title of ['Garden', 'Kitchen', 'Roof']) ids.set(title, await bob.begin(title, ['ann']));
    await ann.open('Garden');
  });
  afterAll(() => stage.close());

  const draftOf = (person: Person, title: string) => person.conversation(title).getByText('Draft:');
  const text = () => ann.composer.inputValue();

  test('each conversation keeps what was begun in it, also over a reload and in another tab', async () => {
    await ann.composer.fill('Roses are');
    await ann.open('Kitchen');
    await draftOf(ann, 'Garden').waitFor();
    expect(await text()).toBe('');
    await ann.composer.fill('The oven is');
    await ann.open('Garden');
    expect(await text()).toBe('Roses are');
    await draftOf(ann, 'Kitchen').waitFor();
    await ann.page.reload();
    await ann.composer.waitFor();
    await expect.poll(text).toBe('Roses are');
    await draftOf(ann, 'Kitchen').waitFor();
    const tab = await stage.tab(ann);
    await tab.open('Kitchen');
    await expect.poll(() => tab.composer.inputValue()).toBe('The oven is');
    await tab.page.close();
    await ann.open('Kitchen');
    await ann.composer.press('Enter');
    await ann.message('The oven is').waitFor();
    expect(await text()).toBe('');
    await ann.open('Garden');
    await expect.poll(text).toBe('Roses are');
    expect(await draftOf(ann, 'Kitchen').count()).toBe(0);
  });

  test('a reply that was begun is still one after a reload, and can be cancelled', async () => {
    await bob.send(ids.get('Garden') ?? '', 'And violets?');
    await ann.message('And violets?').waitFor();
    await ann.choose('And violets?', 'Reply');
    await ann.sees('Reply to Bob');
    await ann.page.reload();
    await ann.sees('Reply to Bob');
    await ann.composer.press('Escape');
    await ann.seesNoMore('Reply to Bob');
    await ann.hasFocus(ann.composer);
    await ann.composer.fill('');
  });

  test('an emoji is searched, and stands where one was writing', async () => {
    await ann.composer.fill('See you');
    await ann.page.getByRole('button', { name: 'Emoji', exact: true }).click();
    const picker = ann.page.getByRole('dialog', { name: /emoji/i });
    await picker
      .getByRole('textbox', { name: 'Search emoji' })
      .or(picker.getByRole('searchbox'))
      .fill('pizza');
    // Found by what was typed, once that is what is shown.
    await picker.getByRole('gridcell').filter({ hasText: '😀' }).waitFor({ state: 'detached' });
    await picker.getByRole('gridcell').first().click();
    await expect.poll(text).toContain('🍕');
    await picker.waitFor({ state: 'detached' });
    await ann.hasFocus(ann.composer);
    await ann.composer.press('Enter');
    await ann.message('See you').getByText('🍕').waitFor();
  });

  test('what is sent right after the page was loaded goes out, before anything else is there', async () => {
    await ann.open('Kitchen');
    const { promise: isTime, resolve: goOn } = Promise.withResolvers<void>();
    await ann.page.route('**/assets/session-*.js', async (route) => {
      await isTime;
      await route.continue();
    });
    await ann.page.reload();
    for (const each of ['Early bird', 'Early worm']) await ann.send(each);
    expect(await text()).toBe('');
    goOn();
    await ann.message('Early worm').getByText('Sent', { exact: true }).waitFor({ state: 'attached' });
    expect(
      await ann.page
        .getByRole('article')
        .getByText(/^Early /)
        .allTextContents(),
    ).toEqual(['Early bird', 'Early worm']);
    await ann.page.unroute('**/assets/session-*.js');
  });

  test('who sends too fast reads for how long to wait, and all of it goes out by itself, in order', async () => {
    await ann.open('Roof');
    const sent = ['One', 'Two', 'Three', 'Four', 'Five'].map((word) => `${word} tile`);
    for (const each of sent) await ann.send(each);
    await ann.sees(/Next message in \d+ s/);
    await ann.message('Five tile').waitFor();
    await ann.message('Five tile').getByText('Sent', { exact: true }).waitFor({ state: 'attached' });
    await ann.seesNoMore(/Next message in/);
    expect(
      await ann.page
        .getByRole('article')
        .getByText(/ tile$/)
        .allTextContents(),
    ).toEqual(sent);
  });

  test('a message that is refused says why, stays, and can be sent again or discarded', async () => {
    await ann.open('Kitchen');
    const self = `/conversations/${ids.get('Kitchen')}/participants/ann`;
    // She is muted before what she wrote without a connection goes out.
    const connect = await withoutApi(ann);
    await ann.page.reload();
    for (const each of ['First spoon', 'Second spoon']) await ann.send(each);
    await ann.message('Second spoon').waitFor();
    await bob.call('PUT', self, { is_muted: true });
    await connect();
    await ann.page.reload();
    for (const each of ['First spoon', 'Second spoon'])
      await ann.message(each).getByRole('group', { name: 'Not sent' }).getByText(/muted/i).waitFor();
    await bob.call('PUT', self, { is_muted: false });
    await ann.composer.waitFor();
    await ann.message('First spoon').getByRole('button', { name: 'Retry' }).click();
    await ann.message('First spoon').getByText('Sent', { exact: true }).waitFor({ state: 'attached' });
    await ann.message('Second spoon').getByRole('button', { name: 'Discard' }).click();
    await ann.message('Second spoon').waitFor({ state: 'detached' });
    await ann.page.reload();
    await ann.message('First spoon').waitFor();
    expect(await ann.message('First spoon').count()).toBe(1);
    expect(await ann.message('Second spoon').count()).toBe(0);
  });
});
