import { interleave, type Sample } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { HttpCommands, HttpRequest } from '../load/http.ts';
import type { SocketCommands } from '../load/sockets.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { idOf, seedGroups, settle } from '../seed.ts';
import { tokenFor } from '../stage.ts';
import { askAndCount, seedNames } from './reads.ts';

const online = 100;
const kinds = { large: 1, small: 2 } as const;

const sendTo = (kind: number, token: string): HttpRequest => ({
  method: 'POST',
  path: `/api/conversations/${idOf(1, kind)}/messages`,
  token,
  body: JSON.stringify({ content: 'A message of a common length, as people write them.' }),
});

export const largeGroup: Scenario = {
  name: 'large-group',
  title: 'a send into a group of 100,000, 100 of them online ÷ into a group of 2: database time',
  async run(stage, { rounds, seconds, short }) {
    const { database } = stage;
    const size = short ? 20_000 : 100_000;
    await seedGroups(database, { kind: kinds.large, count: 1, size, member: `'large-' || m` });
    await seedGroups(database, { kind: kinds.small, count: 1, size: 2, member: `'small-' || m` });
    await seedNames(database);
    await settle(database);
    const server = await stage.startServer();
    const generator = startGenerator<HttpCommands>('http.ts');
    const listeners = startGenerator<SocketCommands>('sockets.ts');
    const names = [...Array.from({ length: online }, (_, m) => `large-${m + 2}`), 'small-2'];
    const tokens = await Promise.all(names.map(tokenFor));
    await listeners.call('open', { port: server.port, dialect: 'parley', tokens, atOnce: 16 });
    const send = async (kind: number, sender: string, heardBy: number) => {
      const request = sendTo(kind, await tokenFor(sender));
      return async (): Promise<Sample> => {
        await listeners.call('listen', false);
        const { sample, count } = await askAndCount({ stage, generator, seconds }, server, [[request]]);
        await listeners.call('heard', count * heardBy, 10_000);
        return sample;
      };
    };
    try {
      const found = await interleave(rounds, {
        [`into ${size.toLocaleString('en')}`]: await send(kinds.large, 'large-1', online),
        'into 2': await send(kinds.small, 'small-1', 1),
      });
      const [large = [], small = []] = Object.values(found);
      return {
        subjects: found,
        ratios: [
          ratio('Postgres a send, large ÷ small', large, small, 'Postgres µs', { atMost: 1.5, guard: 2.5 }),
          ratio('time of a send, large ÷ small', large, small, 'p50 ms', {}),
        ],
        notes: ['one sender, one message at a time; each is delivered to all who are online'],
      };
    } finally {
      await generator.stop();
      await listeners.stop();
      await server.stop();
    }
  },
};
