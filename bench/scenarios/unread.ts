import { interleave } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { HttpCommands } from '../load/http.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { seedGroups, settle } from '../seed.ts';
import { tokenFor } from '../stage.ts';
import { ask, get, seedMessages, seedNames } from './reads.ts';

const conversations = 50;
const clients = 4;
const people = ['behind', 'up-to-date', 'sender'];

export const unread: Scenario = {
  name: 'unread',
  title: 'a page of 50 conversations with 1,000,000 unread ÷ the same with none',
  async run(stage, { rounds, seconds, short }) {
    const { database } = stage;
    const messages = short ? 50_000 : 1_000_000;
    await seedGroups(database, {
      count: conversations,
      size: people.length,
      member: `(array['${people.join(`', '`)}'])[m]`,
    });
    await seedNames(database);
    await seedMessages(database, {
      count: messages,
      conversation: `'00000000-0000-7000-8000-' || lpad(to_hex((n - 1) % ${conversations} + 1), 12, '0')`,
      seq: `(n - 1) / ${conversations} + 1`,
      sender: `'sender'`,
    });
    await database.query(
      `update parley.conversation_participants set last_read_seq = $1, last_delivered_seq = $1
       where user_id <> 'behind'`,
      [messages / conversations],
    );
    await settle(database);
    const server = await stage.startServer();
    const generator = startGenerator<HttpCommands>('http.ts');
    const list = async (viewer: string) => {
      const request = get('/api/conversations', await tokenFor(viewer));
      return () =>
        ask(
          { stage, generator, seconds },
          server,
          Array.from({ length: clients }, () => [request]),
        );
    };
    try {
      const found = await interleave(rounds, {
        [`${messages.toLocaleString('en')} unread`]: await list('behind'),
        'none unread': await list('up-to-date'),
      });
      const [behind = [], upToDate = []] = Object.values(found);
      return {
        subjects: found,
        ratios: [
          ratio('time, unread ÷ none', behind, upToDate, 'p50 ms', { atMost: 1.1, guard: 1.6 }),
          ratio('Postgres, unread ÷ none', behind, upToDate, 'Postgres µs', {}),
        ],
      };
    } finally {
      await generator.stop();
      await server.stop();
    }
  },
};
