import { interleave, warmUp, type Sample } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { SocketCommands } from '../load/sockets.ts';
import { pgbench } from '../peers/pgbench.ts';
import { metered } from '../program.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { idOf, seedGroups, seedPeople, settle } from '../seed.ts';
import { tokenFor } from '../stage.ts';
import { costOf, usersOf } from './cost.ts';

const groups = 200;
const size = 10;
const perSecond = 500;

/** A row, committed: what any server must wait for that promises to keep a message. */
const bareCommit = `insert into public.bare_commits (content) values ('A message of a common length, as people write them.');`;

const everyGroup = Array.from({ length: groups }, (_, n) => n + 1);
const nameOf = (n: number, m: number): string => `person-${n}-${m}`;

export const delivery: Scenario = {
  name: 'delivery',
  title: `send to delivered, ${perSecond} a second over ${groups * size} sockets ÷ p99 of a bare commit at that rate`,
  async run(stage, { rounds, seconds }) {
    await stage.database.query('create table public.bare_commits (id bigserial primary key, content text)');
    await seedGroups(stage.database, { count: groups, size, member: `'person-' || n || '-' || m` });
    await seedPeople(stage.database);
    await settle(stage.database);
    const server = await stage.startServer();
    const senders = startGenerator<SocketCommands>('sockets.ts');
    const listeners = startGenerator<SocketCommands>('sockets.ts');
    const open = { port: server.port, dialect: 'parley', atOnce: 32 } as const;
    const first = everyGroup.map((n) => nameOf(n, 1));
    // People of a group come at different times, and not one after the other.
    const others = Array.from({ length: size - 1 }, (_, m) => everyGroup.map((n) => nameOf(n, m + 2))).flat();
    await senders.call('open', { ...open, tokens: await Promise.all(first.map(tokenFor)) });
    await listeners.call('open', { ...open, tokens: await Promise.all(others.map(tokenFor)) });
    const sending = everyGroup.map((n, socket) => ({ socket, rooms: [idOf(n)] }));
    const count = perSecond * seconds;

    const delivered = async (): Promise<Sample> => {
      await listeners.call('listen', true);
      const { result: heard, used } = await metered(usersOf(stage, server, listeners, senders), async () => {
        await senders.call('pace', { senders: sending, count, everyMs: 1000 / perSecond, byChance: true });
        return listeners.call('heard', count * (size - 1), 10_000);
      });
      return {
        'p50 ms': heard.p50,
        'p99 ms': heard.p99,
        'max ms': heard.max,
        ...costOf(count, used),
      };
    };
    const commit = () => pgbench(stage, { script: bareCommit, clients: 16, seconds, rate: perSecond });
    try {
      await warmUp(seconds, delivered);
      const found = await interleave(rounds, { Parley: delivered, 'bare commit': commit });
      const limit = found['bare commit'];
      return {
        subjects: found,
        ratios: [
          ratio('p50 ms ÷ p99 of the bare commit', found.Parley, limit, ['p50 ms', 'p99 ms'], {
            atMost: 2,
            guard: 3,
          }),
          // A tail of a machine that others share is theirs: this catches a stall alone.
          ratio('p99 ms ÷ p99 of the bare commit', found.Parley, limit, 'p99 ms', { atMost: 2, guard: 30 }),
        ],
        notes: ['both send at moments as by chance; the µs are a message, which goes to ten sockets'],
      };
    } finally {
      await senders.stop();
      await listeners.stop();
      await server.stop();
    }
  },
};
