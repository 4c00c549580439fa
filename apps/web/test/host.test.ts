import { SignJWT } from 'jose';
import type { FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import { startHostPage, type HostPage } from './support/host-page.ts';
import { openStage, type Stage } from './support/stage.ts';

leftOutWithoutChromium('the app in a frame of another page');

const secret = 'a secret that the page around the app signs with';

const tokenOf = (id: string, name: string, seconds = 3600): Promise<string> =>
  new SignJWT({ role: 'authenticated', user_metadata: { full_name: name } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(id)
    .setAudience('authenticated')
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(new TextEncoder().encode(secret));

describe.skipIf(!hasChromium)('the app in a frame, where the page around it knows who somebody is', () => {
  let host: HostPage;
  let stranger: HostPage;
  let stage: Stage;
  beforeAll(async () => {
    [host, stranger] = [await startHostPage(), await startHostPage()];
    stage = await openStage({ JWT_SECRET: secret, CORS_ORIGINS: host.origin });
  });
  afterAll(async () => {
    await stage.close();
    await host.close();
    await stranger.close();
  });

  /** A page that shows the app and gives these tokens, one after another, then the last again; it notes what it was asked. */
  function around(tokens: readonly string[]): string {
    return `
      <iframe title="Chat" src="${stage.url}" width="900" height="700"></iframe>
      <script>
        window.heard = [];
        window.tokens = ${JSON.stringify(tokens)};
        addEventListener('message', ({ data, origin, source }) => {
          if (origin !== '${stage.url}') return;
          window.heard.push(data.type);
          const token = tokens.length > 1 ? tokens.shift() : tokens[0];
          source.postMessage({ type: 'parley:token', token }, origin);
        });
      </script>`;
  }

  async function visit(site: HostPage, body: string): Promise<{ page: Page; app: FrameLocator }> {
    const page = await stage.browser.newPage({ viewport: { width: 1000, height: 800 }, locale: 'en-GB' });
    page.setDefaultTimeout(15_000);
    await page.goto(site.page(body));
    return { page, app: page.frameLocator('iframe') };
  }

  const heard = (page: Page): Promise<unknown> => page.evaluate(() => Reflect.get(globalThis, 'heard'));

  test('its token signs in, and nobody can sign out of what the page decides', async () => {
    const { page, app } = await visit(host, around([await tokenOf('framed-ann', 'Framed Ann')]));
    await app.getByRole('navigation', { name: 'Conversations' }).waitFor();
    await app.getByRole('button', { name: /Framed Ann/ }).click();
    await app.getByRole('menuitem', { name: 'Keyboard shortcuts' }).waitFor();
    await app.getByText('No conversations yet').first().waitFor();
    expect(await app.getByRole('menuitem', { name: 'Sign out' }).count()).toBe(0);
    expect(await heard(page)).toContain('parley:ready');
    await page.close();
  });

  test('a token that has expired is mended by asking the page again', async () => {
    const [stale, fresh] = [
      await tokenOf('framed-bob', 'Framed Bob', -60),
      await tokenOf('framed-bob', 'Framed Bob'),
    ];
    const { page, app } = await visit(host, around([stale, fresh]));
    await app.getByText('No conversations yet').first().waitFor();
    expect(await heard(page)).toContain('parley:get-token');
    await page.close();
  });

  test('when the page hands over somebody else, that is who it is', async () => {
    const { page, app } = await visit(host, around([await tokenOf('framed-cara', 'Framed Cara')]));
    await app.getByRole('button', { name: /Framed Cara/ }).waitFor();
    const token = await tokenOf('framed-dilan', 'Framed Dilan');
    await page.evaluate((given) => {
      Reflect.set(globalThis, 'tokens', [given]);
      const app = document.querySelector('iframe')?.contentWindow;
      app?.postMessage({ type: 'parley:token', token: given }, '*');
    }, token);
    await app.getByRole('button', { name: /Framed Dilan/ }).waitFor();
    await page.close();
  });

  test('on its own, it says where to sign in', async () => {
    const visitor = await stage.visitor();
    await visitor.page.getByRole('heading', { name: 'Open the chat from your app' }).waitFor();
    await visitor.page.close();
  });

  test('a page that the server does not name can’t show it at all', async () => {
    const { page, app } = await visit(stranger, around([await tokenOf('framed-eve', 'Framed Eve')]));
    await page.waitForLoadState('load');
    expect(await app.getByRole('main').count()).toBe(0);
    expect(await heard(page)).toEqual([]);
    await page.close();
  });
});
