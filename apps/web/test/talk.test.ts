import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('people who talk in the web app');

describe.skipIf(!hasChromium)('people talk', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  test('two windows are two people, and one finds the other by name', async () => {
    const [ann, bob] = await stage.pair('Ann', 'Bob');
    await ann.send('Pizza or soup?');
    await bob.sees('Pizza or soup?');
    await bob.send('Pizza. Always pizza.');
    await ann.sees('Pizza. Always pizza.');
  });

  test('others see that somebody is typing, until they send', async () => {
    const [ann, bob] = await stage.pair('Ada', 'Ben');
    await ann.composer.pressSequentially('Hm');
    await bob.sees(/Ada is typing/);
    await ann.composer.press('Enter');
    await bob.seesNoMore(/Ada is typing/);
  });

  test('a message is marked as sent, delivered and read, and tells who read it', async () => {
    const ann = await stage.person('Marking Ann');
    const bob = await stage.person('Marking Bob');
    await ann.begin(['Marking Bob']);
    await ann.send('Did you get this?');
    await ann
      .message('Did you get this?')
      .getByText(/^(Delivered|Sent)$/)
      .waitFor({ state: 'attached' });
    await bob.open('Marking Ann');
    await ann.message('Did you get this?').getByText('Read', { exact: true }).waitFor({ state: 'attached' });
    await ann.choose('Did you get this?', 'Details');
    const details = ann.page.getByRole('dialog');
    await details.getByText('Marking Bob').waitFor();
    await details.getByText(/^Read/).first().waitFor();
  });

  test('a reply quotes its message, and leads to it', async () => {
    const [ann, bob] = await stage.pair('Replying Ann', 'Replying Bob');
    await ann.send('What about Thursday?');
    await bob.message('What about Thursday?').waitFor();
    for (let n = 1; n <= 30; n++) await bob.send(`Filling the space, ${n}`);
    await ann.sees('Filling the space, 30');
    await bob.choose('Filling the space, 30', 'Reply');
    await bob.send('This one answers the last');
    const reply = ann.message('This one answers the last');
    await reply.getByText('Filling the space, 30').waitFor();
    await reply.getByRole('button', { name: /Filling the space, 30/ }).click();
    await expect.poll(() => ann.isInView(ann.message('Filling the space, 30').first())).toBe(true);
  });

  test('an edit shows to everybody, marked; a deletion leaves a note', async () => {
    const [ann, bob] = await stage.pair('Editing Ann', 'Editing Bob');
    await ann.send('Twelve thirsty');
    await bob.sees('Twelve thirsty');
    await ann.choose('Twelve thirsty', 'Edit');
    await ann.composer.fill('Twelve thirty');
    await ann.composer.press('Enter');
    await bob
      .message('Twelve thirty')
      .getByText(/edited/i)
      .waitFor();
    await ann.choose('Twelve thirty', 'Delete');
    await ann.confirm('Delete');
    await bob.seesNoMore('Twelve thirty');
    await bob.message('Message deleted').waitFor();
  });

  test('what is unread is counted in the list and in the title, and not any more once it is read', async () => {
    const ann = await stage.person('Counting Ann');
    const bob = await stage.person('Counting Bob');
    await ann.begin(['Counting Bob']);
    for (const text of ['One', 'Two', 'Three']) await ann.send(text);
    await expect.poll(() => bob.page.title()).toBe('(3) Parley');
    await bob.conversation('Counting Ann').getByText('3 unread').waitFor();
    await bob.open('Counting Ann');
    await expect.poll(() => bob.page.title()).toBe('Counting Ann — Parley');
  });

  test('Markdown shows as such, HTML as what was typed, and links open safely', async () => {
    const [ann, bob] = await stage.pair('Writing Ann', 'Writing Bob');
    await ann.send('**bold** and `code` and https://example.org/page');
    const shown = bob.message('and https://example.org/page');
    await shown.locator('strong', { hasText: 'bold' }).waitFor();
    await shown.locator('code', { hasText: 'code' }).waitFor();
    const link = shown.getByRole('link', { name: 'https://example.org/page' });
    expect(await link.getAttribute('rel')).toContain('noopener');
    expect(await link.getAttribute('target')).toBe('_blank');
    await ann.send('<img src=x onerror="document.title=1"> [no](javascript:alert(1))');
    const typed = bob.message('<img src=x');
    await typed.waitFor();
    expect(await typed.locator('.markdown img, .markdown a[href^="javascript"]').count()).toBe(0);
  });
});
