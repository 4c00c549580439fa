import { afterAll, beforeAll, expect, test } from 'vitest';
import { SupabaseSession } from '../src/session/supabase.ts';
import { startGoTrue, type GoTrue } from './support/gotrue.ts';

const server = 'https://chat.example';

let auth: GoTrue;
beforeAll(async () => {
  auth = await startGoTrue();
});
afterAll(() => auth.close());

/** Somebody who came by a link, whose tokens last this many seconds. */
async function signedIn(email: string, lifetime: number): Promise<SupabaseSession> {
  const supabase = new SupabaseSession(server, { url: auth.url, anon_key: 'anon' });
  await supabase.sendLink(email, `${server}/`);
  auth.lifetime = lifetime;
  const values = new URLSearchParams(new URL(await auth.linkFor(email)).hash.slice(1));
  auth.lifetime = 3600;
  await supabase.acceptLink({
    access_token: values.get('access_token') ?? '',
    refresh_token: values.get('refresh_token') ?? '',
  });
  return supabase;
}

const tokensOf = (supabase: SupabaseSession) =>
  supabase.account(
    () => undefined,
    () => undefined,
  )?.getToken;

test('a token that the server refused is not given again, whatever this machine’s clock says of it', async () => {
  const getToken = tokensOf(await signedIn('ann@example.org', 3600));
  const renewals = auth.renewals;
  await getToken?.();
  expect(auth.renewals).toBe(renewals);
  await getToken?.();
  expect(auth.renewals).toBe(renewals + 1);
});

test('a token that is about to expire is renewed first', async () => {
  const getToken = tokensOf(await signedIn('bob@example.org', 60));
  const renewals = auth.renewals;
  await getToken?.();
  expect(auth.renewals).toBe(renewals + 1);
});

test('who is signed in is known before supabase-js is there, and not after signing out', async () => {
  const supabase = await signedIn('cara@example.org', 3600);
  const again = new SupabaseSession(server, { url: auth.url, anon_key: 'anon' });
  expect(
    again.account(
      () => undefined,
      () => undefined,
    ),
  ).toMatchObject({ name: 'cara' });
  await supabase.signOut();
  expect(
    again.account(
      () => undefined,
      () => undefined,
    ),
  ).toBeNull();
});
