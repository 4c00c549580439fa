import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, jwtVerify } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadDemoSecret, signDemoToken } from './demo.ts';

let dir: string;
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'parley-demo-'))));
afterEach(() => rm(dir, { recursive: true }));

test('demo tokens outlive a restart, because the secret does', async () => {
  const dataDir = join(dir, 'not', 'there', 'yet');
  const secret = await loadDemoSecret(dataDir);
  expect(secret).toHaveLength(32);
  expect(await loadDemoSecret(dataDir)).toEqual(secret);
});

test("two installations do not accept each other's tokens", async () => {
  expect(await loadDemoSecret(join(dir, 'a'))).not.toEqual(await loadDemoSecret(join(dir, 'b')));
});

test('other users of the machine cannot read the secret, and no draft of it is left about', async () => {
  await loadDemoSecret(dir);
  const { mode } = await stat(join(dir, 'demo-secret'));
  if (process.platform !== 'win32') expect(mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(['demo-secret']);
});

test('a server and a command that start together agree on one secret', async () => {
  const secrets = await Promise.all(Array.from({ length: 10 }, () => loadDemoSecret(dir)));
  expect(new Set(secrets.map((secret) => secret.toHex())).size).toBe(1);
});

test.each([
  ['empty', ''],
  ['short', 'abcdef'],
  ['not a secret', 'x'.repeat(64)],
])('a secret that is %s is not taken for one, and the error names the file', async (_case, content) => {
  await writeFile(join(dir, 'demo-secret'), content);
  await expect(loadDemoSecret(dir)).rejects.toThrow(`${join(dir, 'demo-secret')} is damaged`);
});

test('a demo token looks as Supabase makes them', async () => {
  const secret = await loadDemoSecret(dir);
  const token = await signDemoToken(secret, {
    userId: 'ada',
    name: 'Ada',
    role: 'teacher',
    lifetimeSeconds: 60,
  });
  await expect(jwtVerify(token, secret, { algorithms: ['HS256'] })).resolves.toBeDefined();
  const { iat = 0, ...claims } = decodeJwt(token);
  expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(5);
  expect(claims).toEqual({
    sub: 'ada',
    aud: 'authenticated',
    role: 'authenticated',
    app_metadata: { role: 'teacher' },
    user_metadata: { full_name: 'Ada' },
    exp: iat + 60,
  });
});
