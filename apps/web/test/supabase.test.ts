import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, leftOutWithoutChromium } from '../../../packages/client/test/support/browser.ts';
import type { Person } from './support/person.ts';
import { openSupabaseStage, type SupabaseStage } from './support/supabase-stage.ts';

leftOutWithoutChromium('signing in with Supabase');

describe.skipIf(!hasChromium)('signing in with Supabase', () => {
  let opened: SupabaseStage;
  let auth: SupabaseStage['auth'];
  let stage: SupabaseStage['stage'];
  beforeAll(async () => {
    opened = await openSupabaseStage();
    ({ auth, stage } = opened);
  });
  afterAll(() => opened.close());

  async function fill({ page }: Person, email: string, password: string): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  }

  const isTold = ({ page }: Person, text: RegExp): Promise<void> =>
    page.getByRole('alert').filter({ hasText: text }).waitFor();

  test('somebody new makes an account, confirms it, comes back after a reload, and signs out', async () => {
    const ann = await stage.visitor();
    await ann.page.getByRole('button', { name: /Create an account/ }).click();
    await fill(ann, 'ann@example.org', 'short');
    await isTold(ann, /too short/);
    await fill(ann, 'ann@example.org', 'correct horse');
    await ann.page.getByRole('heading', { name: 'Check your inbox' }).waitFor();

    const early = await stage.visitor();
    await fill(early, 'ann@example.org', 'correct horse');
    await isTold(early, /confirm your e-mail/);

    await ann.page.goto(await auth.linkFor('ann@example.org'));
    await ann.list.waitFor();
    await ann.page.getByText('No conversations yet').first().waitFor();
    expect(ann.page.url()).not.toContain('token');
    await ann.page.reload();
    await ann.list.waitFor();
    await ann.page.getByRole('button', { name: /^Your account: ann/ }).waitFor();
    await ann.signOut();
    await ann.page.getByLabel('E-mail').waitFor();
    await ann.page.reload();
    await ann.page.getByLabel('E-mail').waitFor();

    await fill(ann, 'ann@example.org', 'wrong horse');
    await isTold(ann, /don’t match/);
    await fill(ann, 'ann@example.org', 'correct horse');
    await ann.list.waitFor();
  });

  test('a link by e-mail signs in; a second one has to wait, and one too old says so', async () => {
    const bob = await stage.visitor();
    await bob.page.getByLabel('E-mail').fill('bob@example.org');
    await bob.page.getByRole('button', { name: 'E-mail me a link instead' }).click();
    await bob.page.getByText('bob@example.org').waitFor();
    await bob.page.getByRole('button', { name: 'Use another address' }).click();
    await bob.page.getByLabel('E-mail').fill('bob@example.org');
    await bob.page.getByRole('button', { name: 'E-mail me a link instead' }).click();
    await isTold(bob, /wait a minute/);
    const link = await auth.linkFor('bob@example.org');
    await bob.page.goto('about:blank');
    await bob.page.goto(link);
    await bob.list.waitFor();

    const late = await stage.visitor();
    await late.page.goto('about:blank');
    await late.page.goto(`${stage.url}/#error=access_denied&error_code=otp_expired&error_description=x`);
    await isTold(late, /expired or was used/);
    expect(new URL(late.page.url()).hash).toBe('');
  });

  test('a token that expires is renewed, and nobody notices', async () => {
    const cara = await stage.visitor();
    await cara.page.getByLabel('E-mail').fill('cara@example.org');
    await cara.page.getByRole('button', { name: 'E-mail me a link instead' }).click();
    await cara.page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    auth.lifetime = 60;
    const link = await auth.linkFor('cara@example.org');
    auth.lifetime = 3600;
    await cara.page.goto('about:blank');
    await cara.page.goto(link);
    await cara.list.waitFor();
    await cara.page.getByText('No conversations yet').first().waitFor();
    expect(auth.renewals).toBeGreaterThan(0);
  });

  test('signing in or out in one tab does so in the others', async () => {
    const dora = await stage.visitor();
    const tab = await stage.tab(dora);
    await dora.page.getByLabel('E-mail').fill('dora@example.org');
    await dora.page.getByRole('button', { name: 'E-mail me a link instead' }).click();
    await dora.page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    const link = await auth.linkFor('dora@example.org');
    await dora.page.goto('about:blank');
    await dora.page.goto(link);
    await dora.list.waitFor();
    await tab.list.waitFor();
    await tab.signOut();
    await tab.page.getByLabel('Password').waitFor();
    await dora.page.getByLabel('Password').waitFor();
  });
});
