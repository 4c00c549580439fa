/** What both scenarios of fan-out share: one group, everybody in it connected, and some of them sending. */
import { setTimeout as delay } from 'node:timers/promises';
import { startGenerator, type Generator } from '../generator.ts';
import type { DialectName } from '../load/dialects.ts';
import type { SocketCommands } from '../load/sockets.ts';
import { cpuOf, cpuOfFamily, metered, type Program } from '../program.ts';
import { idOf, seedGroups, seedPeople, settle } from '../seed.ts';
import { tokenFor, type Stage } from '../stage.ts';

export const group = idOf(1);

export interface CrowdSize {
  /** People in the group, each with one socket. */
  readonly size: number;
  /** How many of them send, too. */
  readonly senders: number;
}

export async function seedGroup({ database }: Stage, size: number): Promise<void> {
  await seedGroups(database, { count: 1, size, member: `'person-' || m` });
  await seedPeople(database);
  await settle(database);
}

/** A server with the group connected to it. Those who send are in a process of their own; they receive, too. */
export interface Crowd {
  readonly server: Program;
  readonly listeners: Generator<SocketCommands>;
  readonly senders: Generator<SocketCommands>;
  stop(): Promise<void>;
}

export async function gather(
  server: Program,
  dialect: DialectName,
  { size, senders: sending }: CrowdSize,
): Promise<Crowd> {
  const listeners = startGenerator<SocketCommands>('sockets.ts');
  const senders = startGenerator<SocketCommands>('sockets.ts');
  const people = Array.from({ length: size }, (_, n) => `person-${n + 1}`);
  const tokens = dialect === 'parley' ? await Promise.all(people.map(tokenFor)) : people.map(() => '');
  const how = { port: server.port, dialect, atOnce: 32 };
  await senders.call('open', { ...how, tokens: tokens.slice(0, sending) });
  await listeners.call('open', { ...how, tokens: tokens.slice(sending) });
  return {
    server,
    listeners,
    senders,
    stop: async () => {
      await Promise.all([senders.stop(), listeners.stop()]);
      await server.stop();
    },
  };
}

/** Each of the first sockets sends into the group. */
export const sendersInto = (count: number) =>
  Array.from({ length: count }, (_, socket) => ({ socket, rooms: [group] }));

/** Milliseconds after which Parley has written who received what: it gathers that for five seconds in a large group. */
const afterwardsMs = 6500;

/**
 * Measures what a crowd does. What is put off is counted, too: `afterwards` says whether there is such a thing, so that
 * the next subject does not pay for it.
 */
export async function meteredCrowd<Result>(
  stage: Stage,
  { server, listeners, senders }: Crowd,
  afterwards: boolean,
  work: () => Promise<Result>,
) {
  return metered(
    {
      server: () => cpuOf(server.pid),
      postgres: () => cpuOfFamily(stage.postgresPid),
      listening: () => listeners.cpu(),
      sending: () => senders.cpu(),
    },
    async () => {
      const started = performance.now();
      const done = await work();
      const seconds = (performance.now() - started) / 1000;
      if (afterwards) await delay(afterwardsMs);
      return { ...done, seconds };
    },
  );
}
