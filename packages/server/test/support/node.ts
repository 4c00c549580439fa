/** Servers as processes of their own, several on one database, as a deployment has them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { startNode, type Child } from './child.ts';

const secret = 'the secret of these nodes, long enough';
const program = fileURLToPath(new URL('../../bin/parley.js', import.meta.url));

export interface ServerNode {
  readonly child: Child;
  readonly origin: string;
  readonly port: number;
}

/** Starts a node; resolves once it is ready. With `flags` for Node before the program. */
export async function startServerNode(
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<ServerNode> {
  const [first, ...rest] = [...flags, program, 'start'];
  const child = startNode(first ?? program, rest, {
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: '0',
      JWT_SECRET: secret,
      LOG_LEVEL: 'silent',
      RATE_LIMITS: 'off',
      ...env,
    },
  });
  const origin = /http:\S+/.exec(await child.line())?.[0] ?? '';
  // The line that tells where the reference is.
  await child.line();
  return { child, origin, port: Number(new URL(origin).port) };
}

export const tokenFor = (userId: string): Promise<string> =>
  new SignJWT({ role: 'authenticated', user_metadata: { full_name: userId } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience('authenticated')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));

/** A directory of a test's own, and its removal. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'parley-node-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
