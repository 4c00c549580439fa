import type { Account } from './account.ts';
import { keptInWindow } from '../ui/browser-storage.ts';

export interface DemoPerson {
  readonly user_id: string;
  readonly display_name: string;
}

const keyOf = (server: string): string => `parley:demo ${server}`;

/** Who this window is, if somebody signed in before. */
export const keptDemoPerson = (server: string): DemoPerson | null =>
  keptInWindow.read<DemoPerson>(keyOf(server));
export const keepDemoPerson = (server: string, person: DemoPerson): void =>
  keptInWindow.write(keyOf(server), person);
export const forgetDemoPerson = (server: string): void => keptInWindow.removeItem(keyOf(server));

export function demoAccount(server: string, person: DemoPerson, signOut: () => void): Account {
  return {
    key: `${server} ${person.user_id}`,
    server,
    userId: person.user_id,
    name: person.display_name,
    getToken: () => demoToken(server, person),
    signOut,
  };
}

async function demoToken(server: string, { user_id, display_name }: DemoPerson): Promise<string> {
  const answer = await fetch(`${server}/demo/token`, {
    signal: AbortSignal.timeout(patienceMs),
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id, name: display_name }),
  });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's schema says so
  return ((await answer.json()) as { token: string }).token;
}

/** Milliseconds. A server that takes longer is asked again. */
const patienceMs = 15_000;

/** Who was here before, the latest first. @throws Error if the server does not say */
export async function readDemoPeople(server: string): Promise<readonly DemoPerson[]> {
  const answer = await fetch(`${server}/demo/people`);
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's schema says so
  return ((await answer.json()) as { people: DemoPerson[] }).people;
}

/** Longest name that the server takes, in characters. */
export const maxNameLength = 100;

/**
 * Whoever has this name: one of those who are there, or else somebody new, whose id comes from the name and is nobody
 * else's as far as is known. Null for an empty name.
 */
export function personNamed(name: string, people: readonly DemoPerson[]): DemoPerson | null {
  const plain = name.trim().replaceAll(/\s+/g, ' ').slice(0, maxNameLength);
  if (plain === '') return null;
  const isSame = (other: string): boolean =>
    other.localeCompare(plain, undefined, { sensitivity: 'base' }) === 0;
  const known = people.find((person) => isSame(person.display_name));
  return known ?? { user_id: freeId(idOf(plain), people), display_name: plain };
}

/** Those whose name has this in it, whatever the case; everybody for nothing. */
export function peopleLike(text: string, people: readonly DemoPerson[]): readonly DemoPerson[] {
  const sought = text.trim().toLocaleLowerCase();
  return people.filter(({ display_name: name }) => name.toLocaleLowerCase().includes(sought));
}

/** `Ann Okafor` → `ann-okafor`. A name without letters or digits is told by its characters' numbers. */
export function idOf(name: string): string {
  const words = name
    .trim()
    .toLocaleLowerCase('en')
    .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, '-');
  const id = words.replaceAll(/^-|-$/g, '').slice(0, maxNameLength);
  return id === '' ? Array.from(name, (each) => (each.codePointAt(0) ?? 0).toString(16)).join('-') : id;
}

/** The server keeps that one for itself. */
const reserved = 'system';

function freeId(id: string, people: readonly DemoPerson[]): string {
  const taken = new Set([reserved, ...people.map((person) => person.user_id)]);
  let free = id;
  for (let n = 2; taken.has(free); n++) free = `${id}-${n}`;
  return free;
}
