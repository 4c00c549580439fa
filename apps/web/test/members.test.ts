import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import type { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('groups in the web app');

describe.skipIf(!hasChromium)('groups of people', () => {
  let stage: Stage;
  let ann: Person;
  let bob: Person;
  let cara: Person;
  beforeAll(async () => {
    stage = await openStage();
    [ann, bob, cara] = await Promise.all([stage.person('Ann'), stage.person('Bob'), stage.person('Cara')]);
  });
  afterAll(() => stage.close());

  const panelOf = (person: Person) => person.page.getByRole('complementary', { name: 'Members' });

  async function showMembers(person: Person): Promise<void> {
    if (!(await panelOf(person).isVisible()))
      await person.page.getByRole('button', { name: /^Members/ }).click();
    await panelOf(person).waitFor();
  }

  async function manage(person: Person, whom: string, item: string): Promise<void> {
    await showMembers(person);
    const row = panelOf(person).getByRole('listitem').filter({ hasText: whom });
    await row.getByRole('button', { name: `Actions for ${whom}` }).click();
    await person.item(item).click();
  }

  test('three people are in a group, and each sees what the others write', async () => {
    await ann.begin(['Bob', 'Cara'], 'Lunch');
    await bob.open('Lunch');
    await cara.open('Lunch');
    await ann.send('Pizza or soup?');
    await bob.sees('Pizza or soup?');
    await cara.sees('Pizza or soup?');
  });

  test('three who type at once: each sees the other two', async () => {
    for (const person of [ann, bob, cara]) await person.composer.pressSequentially('Hm, well');
    await ann.sees(/Bob and Cara are typing|Cara and Bob are typing/);
    await bob.sees(/Ann and Cara are typing|Cara and Ann are typing/);
    await cara.sees(/Ann and Bob are typing|Bob and Ann are typing/);
    for (const person of [ann, bob, cara]) await person.composer.fill('');
    await Promise.all([ann, bob, cara].map((person) => person.seesNoMore(/typing/)));
  });

  test('who may not manage sees no way to', async () => {
    await showMembers(bob);
    expect(await panelOf(bob).getByRole('button', { name: /^Add/ }).count()).toBe(0);
    await showMembers(ann);
    await panelOf(ann).getByRole('button', { name: /^Add/ }).waitFor();
  });

  test('somebody who is muted can read and not write, until they are unmuted', async () => {
    await manage(ann, 'Bob', 'Mute');
    await bob.sees('You are muted here. You can read, but not write.');
    await bob.composer.waitFor({ state: 'hidden' });
    await ann.send('Bob can read this');
    await bob.sees('Bob can read this');
    await manage(ann, 'Bob', 'Unmute');
    await bob.send('And write again');
    await ann.sees('And write again');
  });

  test('a role is one of a choice', async () => {
    await showMembers(ann);
    await panelOf(ann).getByRole('button', { name: 'Actions for Bob' }).click();
    const roles = ann.page.getByRole('group', { name: 'Role' }).getByRole('menuitemradio');
    expect(await roles.count()).toBe(3);
    expect(await roles.and(ann.page.locator('[aria-checked="true"]')).allTextContents()).toEqual([
      'Participant',
    ]);
    await ann.page.keyboard.press('Escape');
  });

  test('whoever becomes an admin may add people at once', async () => {
    await manage(ann, 'Bob', 'Admin');
    await showMembers(bob);
    await panelOf(bob).getByRole('button', { name: /^Add/ }).waitFor();
  });

  test('somebody who is removed while they look on is told, and sees nothing more', async () => {
    await manage(ann, 'Cara', 'Remove');
    await ann.confirm('Remove');
    await cara.sees(/removed|no longer/i);
    await ann.send('Not for Cara');
    await bob.sees('Not for Cara');
    expect(await cara.page.getByText('Not for Cara').count()).toBe(0);
    await cara.conversation('Lunch').waitFor({ state: 'detached' });
  });

  test('somebody new sees what was said before', async () => {
    const dilan = await stage.person('Dilan');
    await showMembers(ann);
    await panelOf(ann).getByRole('button', { name: /^Add/ }).click();
    const { dialog } = ann;
    await ann.pick('Dilan');
    await dialog.getByRole('button', { name: /^Add/ }).click();
    await dilan.open('Lunch');
    await dilan.sees('Pizza or soup?');
  });

  test('a title changes for everybody, an archived group leaves the list, and who leaves is out', async () => {
    await ann.chooseHere('Rename');
    await ann.dialog.getByRole('textbox').fill('Lunch on Friday');
    await ann.confirm('Save');
    await bob.page.getByRole('heading', { name: 'Lunch on Friday' }).waitFor();
    await bob.chooseHere('Leave');
    await bob.confirm('Leave');
    await bob.conversation('Lunch on Friday').waitFor({ state: 'detached' });
    await ann.chooseHere('Archive');
    await expect.poll(() => ann.conversation('Lunch on Friday').count()).toBe(0);
  });
});
