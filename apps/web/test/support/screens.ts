import type { Person } from './person.ts';
import type { World } from './world.ts';

/** How to come to each screen, as Ann. */
type Show = (person: Person, world: World) => Promise<void>;

/** A window where that was done before knows who it is. */
async function signIn(person: Person): Promise<void> {
  await person.page.goto(person.url);
  const ann = person.page.getByRole('button', { name: /^Ann Okafor/ });
  const lunch = person.conversation('Lunch');
  await ann.or(lunch).first().waitFor();
  if (await ann.isVisible()) await ann.click();
  await lunch.waitFor();
}

async function inConversation(person: Person, title: string): Promise<void> {
  await signIn(person);
  await person.open(title);
  await person.page.getByRole('article').first().waitFor();
}

/** By a click that no pointer makes, as a tap on the message does: narrow windows have nothing to press beside it. */
async function openMenuOf(person: Person, text: string): Promise<void> {
  const more = person.message(text).getByRole('button', { name: 'More actions', includeHidden: true });
  await more.evaluate((button) => (button as HTMLElement).click());
  await person.page.getByRole('menu').waitFor();
}

export const screens: Readonly<Record<string, Show>> = {
  'sign-in': async ({ page, url }) => {
    await page.goto(url);
    await page.getByLabel('Your name').waitFor();
  },
  conversations: signIn,
  lunch: (person) => inConversation(person, 'Lunch'),
  code: (person) => inConversation(person, 'Release 0.2'),
  direct: (person) => inConversation(person, 'فرح الحداد'),
  members: async (person) => {
    await inConversation(person, 'Lunch');
    await person.page.getByRole('button', { name: /Members/ }).click();
    await person.page.getByText('Dilan Yıldız').last().waitFor();
  },
  'message-menu': async (person) => {
    await inConversation(person, 'Lunch');
    await openMenuOf(person, 'order me the number 4');
  },
  details: async (person) => {
    await inConversation(person, 'Lunch');
    await openMenuOf(person, 'order me the number 4');
    await person.item('Details').click();
    await person.dialog.getByText('Cara Mendes').waitFor();
  },
  delete: async (person) => {
    await inConversation(person, 'Lunch');
    await openMenuOf(person, 'order me the number 4');
    await person.item('Delete').click();
    await person.dialog.getByRole('button', { name: 'Delete' }).waitFor();
  },
  picture: async (person) => {
    await inConversation(person, 'Lunch');
    // By the keyboard: a list that still comes to rest can't move it from under the pointer.
    await person.page.getByRole('button', { name: 'Open evening.jpg' }).press('Enter');
    await person.dialog.getByRole('img').first().waitFor();
  },
  reply: async (person) => {
    await inConversation(person, 'Lunch');
    await openMenuOf(person, 'See you all there');
    await person.item('Reply').click();
    await person.sees('Reply to Dilan');
    await person.page.getByRole('menu').waitFor({ state: 'detached' });
    await person.composer.fill('On my way');
  },
  emoji: async (person) => {
    await inConversation(person, 'Lunch');
    await person.page.getByRole('button', { name: 'Emoji', exact: true }).click();
    await person.page.getByRole('gridcell').first().waitFor();
  },
  account: async (person) => {
    await signIn(person);
    await person.page.getByRole('button', { name: /^Your account/ }).click();
    await person.item('Sign out').waitFor();
  },
  shortcuts: async (person) => {
    await signIn(person);
    await person.page.keyboard.press('?');
    await person.page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  },
  'nothing-found': async (person) => {
    await signIn(person);
    await person.page.getByRole('textbox', { name: 'Search', exact: true }).fill('zebra');
    await person.sees('Nothing found');
  },
  archived: async (person) => {
    await signIn(person);
    await person.page.getByRole('button', { name: 'Archived' }).click();
    await person.sees('Nothing is archived');
  },
  'not-there': async (person) => {
    await signIn(person);
    await person.page.goto(`${person.url}/#/c/00000000-0000-7000-8000-000000000000`);
    await person.page.locator('main').getByText('There is no such conversation').first().waitFor();
  },
  'new-conversation': async (person) => {
    await signIn(person);
    await person.page.getByRole('button', { name: 'New conversation' }).first().click();
    await person.page.getByRole('combobox').fill('c');
    await person.page.getByRole('option').first().waitFor();
  },
};
