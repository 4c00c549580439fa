import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { Caller } from './support/api.ts';
import type { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('the list of conversations');

/** More than are shown at once, and so more than are drawn. */
const count = 40;

describe.skipIf(!hasChromium)('the list of conversations', () => {
  let stage: Stage;
  let ann: Person;
  let bob: Caller;
  const ids = new Map<string, string>();
  beforeAll(async () => {
    stage = await openStage();
    ann = await stage.person('Ann');
    bob = new Caller(stage.url, 'bob', 'Bob');
    await new Caller(stage.url, 'zoe', 'Zoë Ångström').call('GET', '/conversations');
    for (let n = 1; n <= count; n++) {
      const title = `Group ${String(n).padStart(2, '0')}`;
      ids.set(title, await bob.begin(title, n === 7 ? ['ann', 'zoe'] : ['ann']));
    }
    await ann.conversation('Group 40').waitFor();
  });
  afterAll(() => stage.close());

  const search = () => ann.page.getByRole('textbox', { name: 'Search', exact: true });
  const rows = () => ann.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link');

  test('is searched by title and by who is in it, and Enter opens what was found', async () => {
    await search().fill('group 31');
    await ann.sees('1 conversation');
    await rows().filter({ hasText: 'Group 31' }).waitFor();
    expect(await rows().count()).toBe(1);
    await search().fill('zoe ang');
    await rows().filter({ hasText: 'Group 07' }).waitFor();
    await search().press('Enter');
    await ann.page.getByRole('heading', { name: 'Group 07' }).waitFor();
  });

  test('says when nothing was found, and clearing the search leads back to its field', async () => {
    await search().fill('nothing like that');
    await ann.sees('Nothing found');
    await ann.page.getByRole('button', { name: 'Clear search' }).click();
    await rows().nth(5).waitFor();
    await ann.hasFocus(search());
    expect(await search().inputValue()).toBe('');
    await search().fill('group 02');
    await rows().filter({ hasText: 'Group 02' }).waitFor();
    await ann.page.keyboard.press('Escape');
    await rows().nth(5).waitFor();
    await ann.hasFocus(search());
  });

  test('is walked through by arrows, Home and End, though most of it is not drawn', async () => {
    const newest = ann.conversation('Group 40');
    await newest.focus();
    await ann.page.keyboard.press('End');
    await ann.hasFocus(ann.conversation('Group 01'));
    expect(await ann.isInView(ann.conversation('Group 01'))).toBe(true);
    await ann.page.keyboard.press('ArrowUp');
    await ann.hasFocus(ann.conversation('Group 02'));
    await ann.page.keyboard.press('Home');
    await ann.hasFocus(newest);
    expect(await ann.isInView(newest)).toBe(true);
    await ann.page.keyboard.press('ArrowDown');
    await ann.hasFocus(ann.conversation('Group 39'));
  });

  test('keeps the focus when the row that has it goes away', async () => {
    const gone = ann.conversation('Group 38');
    await gone.focus();
    await bob.call('DELETE', `/conversations/${ids.get('Group 38')}`);
    await gone.waitFor({ state: 'detached' });
    await ann.hasFocus(ann.conversation('Group 37'));
  });

  test('gives the focus back when a dialog or a menu closes', async () => {
    const begin = ann.page.getByRole('button', { name: 'New conversation' }).first();
    await begin.click();
    await ann.hasFocus(ann.dialog.getByRole('combobox'));
    await ann.page.keyboard.press('Escape');
    await ann.dialog.waitFor({ state: 'detached' });
    await ann.hasFocus(begin);
    const actions = ann.page.getByRole('button', { name: 'Actions for Group 36' });
    await ann.conversation('Group 36').hover();
    await actions.click();
    await ann.item('Leave').click();
    await ann.dialog.getByRole('button', { name: 'Cancel' }).click();
    await ann.dialog.waitFor({ state: 'detached' });
    await ann.hasFocus(actions);
  });

  test('an archived conversation is found among the archived, and comes back', async () => {
    await ann.begin(['Bob'], 'Old plans');
    await ann.chooseHere('Archive');
    await ann.conversation('Old plans').waitFor({ state: 'detached' });
    await ann.conversation('Group 40').first().focus();
    await ann.page.keyboard.press('End');
    await ann.page.getByRole('button', { name: 'Archived' }).click();
    await ann.page.getByRole('button', { name: 'All conversations' }).waitFor();
    await ann.conversation('Old plans').hover();
    await ann.page.getByRole('button', { name: 'Actions for Old plans' }).click();
    await ann.item('Unarchive').click();
    await ann.sees('Nothing is archived');
    await ann.page.getByRole('button', { name: 'All conversations' }).click();
    await ann.conversation('Old plans').waitFor();
  });

  test('archiving can be taken back at once; who has it open sees it, and what comes is counted', async () => {
    await ann.open('Old plans');
    await ann.chooseHere('Archive');
    await ann.sees('Archived for everyone in it.');
    const old = ann.page.url().split('#/c/')[1];
    await ann.page.getByRole('button', { name: 'Undo' }).click();
    await ann.seesNoMore('Archived for everyone in it.');
    await ann.chooseHere('Archive');
    await ann.page.getByRole('button', { name: 'Unarchive' }).waitFor();
    await ann.open('Group 40');
    await bob.call('POST', `/conversations/${old}/messages`, { content: 'Is anybody here?' });
    await ann.page.getByRole('button', { name: /^Archived.*1 unread/ }).waitFor();
  });

  test('an address that leads nowhere says so, and one of others says that one is not in it', async () => {
    const secret = await new Caller(stage.url, 'zoe', 'Zoë Ångström').begin('Secret', []);
    const go = (id: string) => ann.page.goto(`${stage.url}/#/c/${id}`);
    for (const id of ['00000000-0000-7000-8000-000000000000', 'lunch%20at%20noon']) {
      await go(id);
      await ann.sees('There is no such conversation');
      expect(await ann.page.getByText(/was deleted$/).count()).toBe(0);
      expect(await ann.composer.count()).toBe(0);
      await ann.page.goto(`${stage.url}/#/`);
    }
    await go(secret);
    await ann.sees('You are not in this conversation');
  });

  test('what is deleted is gone for everybody in it, who read why', async () => {
    const mira = await stage.person('Mira Ngata');
    await ann.begin(['Mira'], 'Short-lived');
    await mira.open('Short-lived');
    await ann.chooseHere('Delete');
    await ann.confirm('Delete');
    await ann.conversation('Short-lived').waitFor({ state: 'detached' });
    await mira.conversation('Short-lived').waitFor({ state: 'detached' });
    await mira.sees('This conversation was deleted');
    await mira.composer.waitFor({ state: 'hidden' });
  });
});
