/** What the scenarios of sending share: 64 senders, 200 conversations of 5, two of each listening. */
import { startGenerator } from '../generator.ts';
import type { SocketCommands } from '../load/sockets.ts';
import { idOf, seedGroups, settle } from '../seed.ts';
import { tokenFor, type Stage } from '../stage.ts';

export const conversations = 200;
export const members = 5;
export const senders = 64;
export const listening = 2;

/** Of each conversation the first member sends, the next two listen, the others are away. */
const sender = (n: number): string => `sender-${n % senders}`;
const listener = (n: number, m: number): string => `listener-${n}-${m}`;

export async function seedSends({ database }: Stage): Promise<void> {
  await seedGroups(database, {
    count: conversations,
    size: members,
    member: `case m when 1 then 'sender-' || (n % ${senders}) else 'listener-' || n || '-' || m end`,
  });
  await settle(database);
}

/** A sender's token, and the conversations that they send into. */
export interface Sender {
  readonly token: string;
  readonly rooms: readonly string[];
}

export const allSenders = (): Promise<Sender[]> =>
  Promise.all(
    Array.from({ length: senders }, async (_, place) => ({
      token: await tokenFor(`sender-${place}`),
      rooms: everyConversation().flatMap((n) => (sender(n) === `sender-${place}` ? [idOf(n)] : [])),
    })),
  );

const everyConversation = (): number[] => Array.from({ length: conversations }, (_, n) => n + 1);

/** Tokens of those who listen: all of them, or the part of them that connects to one of several nodes. */
export function listenerTokens(place = 0, places = 1): Promise<string[]> {
  const names = everyConversation().flatMap((n) =>
    Array.from({ length: listening }, (_, m) => listener(n, m + 2)).filter(
      (_, m) => (n + m) % places === place,
    ),
  );
  return Promise.all(names.map(tokenFor));
}

/** Connects those who listen, in a process that does nothing else. */
export async function startListeners(ports: readonly number[]) {
  const generator = startGenerator<SocketCommands>('sockets.ts');
  for (const [place, port] of ports.entries()) {
    const tokens = await listenerTokens(place, ports.length);
    await generator.call('open', { port, dialect: 'parley', tokens, atOnce: 16 });
  }
  return generator;
}

/** One message by the statement that the server uses for one, for pgbench. */
export const sendByPgbench = `\\set c random(1, ${conversations})
select * from parley.send_message(
  ('00000000-0000-7000-8000-' || lpad(to_hex(:c::int), 12, '0'))::uuid,
  'sender-' || (:c::int % ${senders}), false, gen_random_uuid(),
  'A message of a common length, as people write them.', 'text', null, '{}',
  null, null, array['admin', 'moderator', 'participant'], false);
`;
