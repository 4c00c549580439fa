import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { AppRole } from '@parley/protocol';

export interface DemoToken {
  readonly userId: string;
  readonly name?: string;
  readonly role?: AppRole;
  readonly lifetimeSeconds: number;
}

const fileName = 'demo-secret';
const secretBytes = 32;
const written = /^[0-9a-f]{64}\n?$/;

/**
 * The secret that signs demo tokens: made once, then kept in the data directory, readable by its owner alone.
 * @throws Error, with a sentence for an operator, if the file is there but not such a secret
 */
export async function loadDemoSecret(dataDir: string): Promise<Uint8Array> {
  const path = join(dataDir, fileName);
  const text = (await readIfThere(path)) ?? (await create(dataDir, path));
  if (!written.test(text)) {
    throw new Error(
      `${path} is damaged: delete it to have a new secret made (tokens signed before then stop working)`,
    );
  }
  return Uint8Array.fromHex(text.trimEnd());
}

/** Signs a token as Supabase shapes them, good from now on for `lifetimeSeconds`. */
export function signDemoToken(
  secret: Uint8Array,
  { userId, name, role, lifetimeSeconds }: DemoToken,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    role: 'authenticated',
    app_metadata: role === undefined ? {} : { role },
    user_metadata: name === undefined ? {} : { full_name: name },
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setAudience('authenticated')
    .setIssuedAt(now)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(secret);
}

/** Whole or not at all, and never over one that another process made meanwhile: a hard link can't replace a file. */
async function create(dataDir: string, path: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeDurably(draft, `${randomBytes(secretBytes).toString('hex')}\n`);
    await link(draft, path).catch(unlessThere);
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

function unlessThere(error: unknown): void {
  if (!hasCode(error, 'EEXIST')) throw error;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
