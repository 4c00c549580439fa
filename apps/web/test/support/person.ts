import type { Locator, Page } from 'playwright-core';
import { errorsOf } from '../../../../packages/client/test/support/browser.ts';

/** What a browser says in its console of its own accord when the network or a request fails. */
const networkNoise = /Failed to load resource|WebSocket connection to|net::ERR_/;

/** One window and whoever sits before it: does what people do, by names and roles, as a screen reader would find them. */
export class Person {
  readonly page: Page;
  readonly url: string;
  readonly #errors: readonly string[];

  constructor(page: Page, url: string) {
    this.page = page;
    this.url = url;
    this.#errors = errorsOf(page);
    page.setDefaultTimeout(20_000);
  }

  /** Errors of the console; what the browser itself says of a broken network is none. */
  get unexpectedErrors(): readonly string[] {
    return this.#errors.filter((error) => !networkNoise.test(error));
  }

  async signIn(name: string): Promise<void> {
    await this.page.getByLabel('Your name').fill(name);
    await this.page.keyboard.press('Enter');
    await this.list.waitFor();
  }

  async signOut(): Promise<void> {
    await this.page.getByRole('button', { name: /^Your account/ }).click();
    await this.page.getByRole('menuitem', { name: 'Sign out' }).click();
  }

  /** Begins a conversation with these people, by the dialog. */
  async begin(names: readonly string[], title?: string): Promise<void> {
    const { page } = this;
    await page.getByRole('button', { name: 'New conversation' }).first().click();
    const dialog = page.getByRole('dialog');
    for (const name of names) await this.pick(name);
    if (title !== undefined) await dialog.getByLabel('Title').fill(title);
    await dialog.getByRole('button', { name: /^Start/ }).click();
    await this.composer.waitFor();
  }

  /** Finds somebody in the dialog that is open, and chooses them: the person, not a user id of that name. */
  async pick(name: string): Promise<void> {
    await this.dialog.getByRole('combobox').fill(name);
    const found = { hasText: name, hasNotText: 'as a user id' };
    await this.dialog.getByRole('option').filter(found).first().click();
  }

  /** Opens a conversation from the list. */
  async open(title: string): Promise<void> {
    await this.list.getByRole('link').filter({ hasText: title }).first().click();
    await this.composer.waitFor();
  }

  /** The list of conversations: there for whoever is signed in. */
  get list(): Locator {
    return this.page.getByRole('navigation', { name: 'Conversations' });
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message/ });
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** The message with this text, once it is there. */
  message(text: string | RegExp): Locator {
    return this.page.getByRole('article').filter({ hasText: text });
  }

  /** Its row in the list of conversations. */
  conversation(title: string): Locator {
    return this.page
      .getByRole('navigation', { name: 'Conversations' })
      .getByRole('link')
      .filter({ hasText: title });
  }

  /** Chooses this from a message's menu. */
  async choose(text: string, item: string): Promise<void> {
    const message = this.message(text).last();
    await message.hover();
    await message.getByRole('button', { name: 'More actions' }).click();
    await this.item(item).click();
  }

  /** Chooses this from the menu of the conversation that is open. */
  async chooseHere(item: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Conversation actions' }).click();
    await this.item(item).click();
  }

  /** Chooses this from the menu of one's account. */
  async chooseOwn(item: string): Promise<void> {
    await this.page.getByRole('button', { name: /^Your account/ }).click();
    await this.item(item).click();
  }

  /** An entry of the menu that is open. A hint, such as a key, may follow its name. */
  item(name: string): Locator {
    const startsSo = { name: new RegExp(`^${name}\\b`) };
    return this.page
      .getByRole('menuitem', startsSo)
      .or(this.page.getByRole('menuitemcheckbox', startsSo))
      .or(this.page.getByRole('menuitemradio', startsSo));
  }

  /** The dialog that is open. */
  get dialog(): Locator {
    return this.page.getByRole('alertdialog').or(this.page.getByRole('dialog'));
  }

  /** Says yes to what a dialog asks. */
  async confirm(action: string): Promise<void> {
    await this.dialog.getByRole('button', { name: action, exact: true }).click();
  }

  /** Waits until nothing with this text is to be seen. */
  async seesNoMore(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor({ state: 'hidden' });
  }

  /** Waits until the focus is on this element. */
  async hasFocus(element: Locator): Promise<void> {
    await element.and(this.page.locator(':focus')).waitFor();
  }

  /** Whether the middle of an element is inside of the window. */
  async isInView(element: Locator): Promise<boolean> {
    const box = await element.boundingBox();
    const size = this.page.viewportSize();
    if (box === null || size === null) return false;
    const middle = box.y + box.height / 2;
    return middle >= 0 && middle <= size.height;
  }

  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }
}
