import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import type { Person } from './support/person.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('files in the web app');

const picture = async (): Promise<Buffer> =>
  sharp({ create: { width: 900, height: 600, channels: 3, background: '#d98a6a' } })
    .jpeg()
    .toBuffer();

/** As large as may be, nearly. */
const report = {
  name: 'report.pdf',
  mimeType: 'application/pdf',
  buffer: Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(9_000_000)]),
};

describe.skipIf(!hasChromium)('files', () => {
  let stage: Stage;
  let ann: Person;
  let bob: Person;
  beforeAll(async () => {
    stage = await openStage();
    ann = await stage.person('Ann');
    bob = await stage.person('Bob');
    await ann.begin(['Bob']);
    await bob.open('Ann');
  });
  afterAll(() => stage.close());

  /** By the button, as from a dialog of the system. */
  const choose = (person: Person, files: { name: string; mimeType: string; buffer: Buffer }[]) =>
    person.page.locator('input[type="file"]').setInputFiles(files);

  test('an upload of 9 MB shows how far it is, can be cancelled, and then sent again', async () => {
    const network = await ann.page.context().newCDPSession(ann.page);
    const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 1_500_000 };
    await network.send('Network.enable');
    await network.send('Network.emulateNetworkConditions', slow);
    await choose(ann, [report]);
    await ann.page.getByRole('button', { name: 'Send', exact: true }).click();
    const progress = ann.page.getByRole('progressbar');
    await expect.poll(async () => Number(await progress.getAttribute('aria-valuenow'))).toBeGreaterThan(5);
    await ann.page.getByRole('button', { name: 'Cancel report.pdf' }).click();
    await ann.sees('Cancelled');
    await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 });
    await ann.page.getByRole('button', { name: 'Retry report.pdf' }).click();
    await bob.message('report.pdf').waitFor();
    await ann.message('report.pdf').waitFor();
    expect(await bob.message('report.pdf').count()).toBe(1);
    await progress.waitFor({ state: 'detached' });
  });

  test('an image shows small, and large when asked for', async () => {
    await choose(ann, [{ name: 'evening.jpg', mimeType: 'image/jpeg', buffer: await picture() }]);
    await ann.composer.fill('The view from here');
    await ann.page.getByRole('button', { name: 'Send', exact: true }).click();
    const shown = bob.message('The view from here');
    const image = shown.getByRole('img').first();
    await image.waitFor();
    await expect
      .poll(() => image.evaluate((element) => (element as HTMLImageElement).naturalWidth))
      .toBeGreaterThan(0);
    await shown.getByRole('button', { name: 'Open evening.jpg' }).click();
    const large = bob.page.getByRole('dialog').getByRole('img').first();
    await expect
      .poll(() => large.evaluate((element) => (element as HTMLImageElement).naturalWidth))
      .toBe(900);
    await bob.page.keyboard.press('Escape');
    await large.waitFor({ state: 'detached' });
  });

  test('what the server would refuse is said before it is sent', async () => {
    await choose(ann, [
      { name: 'big.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(11_000_000, 'x') },
    ]);
    await ann.sees(/^big\.pdf is too large/);
    await choose(ann, [
      { name: 'setup.exe', mimeType: 'application/x-msdownload', buffer: Buffer.from('MZ') },
    ]);
    await ann.sees(/^setup\.exe can’t be sent/);
  });

  test('a picture from the clipboard and one dropped on the window are sent like any other', async () => {
    const bytes = (await picture()).toString('base64');
    await ann.composer.focus();
    await give(ann, 'paste', 'pasted.jpg', bytes);
    await ann.sees('pasted.jpg');
    await ann.page.getByRole('button', { name: 'Send', exact: true }).click();
    await bob.page.getByRole('article').getByRole('img', { name: 'pasted.jpg' }).waitFor();
    await give(ann, 'drop', 'dropped.jpg', bytes);
    await ann.sees('dropped.jpg');
    await ann.page.getByRole('button', { name: 'Send', exact: true }).click();
    await bob.page.getByRole('article').getByRole('img', { name: 'dropped.jpg' }).waitFor();
  });
});

/** What the browser does when somebody pastes a picture where they write, or drops one on the conversation. */
async function give({ page }: Person, how: 'paste' | 'drop', name: string, base64: string): Promise<void> {
  await page.evaluate(
    ([kind, fileName, text]) => {
      const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], fileName, { type: 'image/jpeg' }));
      const options = { bubbles: true, cancelable: true };
      if (kind === 'paste')
        document.activeElement?.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: data, ...options }),
        );
      else
        for (const type of ['dragenter', 'dragover', 'drop'])
          document
            .querySelector('main')
            ?.dispatchEvent(new DragEvent(type, { dataTransfer: data, ...options }));
    },
    [how, name, base64] as const,
  );
}
