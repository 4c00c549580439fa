import type { WebConfig } from '@parley/client';
import { kept } from '../ui/browser-storage.ts';

/** What the server says about itself before anybody has signed in: `GET /config.json`. */
export type ServerConfig = WebConfig;

const configs = new Map<string, Promise<ServerConfig>>();
const keyOf = (server: string): string => `parley:config ${server}`;

/** Read once for each server. @throws Error with a sentence, if it can't be reached; then asked again next time */
export function readConfig(server: string): Promise<ServerConfig> {
  const held = configs.get(server) ?? load(server);
  configs.set(server, held);
  held.catch(() => configs.delete(server));
  return held;
}

/** What the server said last time, so that nobody waits for it who is offline. */
export const keptConfig = (server: string): ServerConfig | null => kept.read<ServerConfig>(keyOf(server));

/** Milliseconds. A server that takes longer counts as out of reach. */
const patienceMs = 10_000;

async function load(server: string): Promise<ServerConfig> {
  const answer = await fetch(`${server}/config.json`, { signal: AbortSignal.timeout(patienceMs) });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's schema says so
  const config = (await answer.json()) as ServerConfig;
  kept.write(keyOf(server), config);
  return config;
}

/** Whether people sign in the same way. */
export const isSameIdentity = (a: ServerConfig, b: ServerConfig): boolean =>
  JSON.stringify([a.identity, a.host_origins]) === JSON.stringify([b.identity, b.host_origins]);
