import { interleave } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { HttpCommands } from '../load/http.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { seedGroups, settle } from '../seed.ts';
import { tokenFor } from '../stage.ts';
import { ask, get, seedMessages, seedNames } from './reads.ts';

/** How many conversations each is in, and the kind of id that theirs have. */
const owners = { many: { count: 5000, kind: 1 }, few: { count: 50, kind: 2 } } as const;
const members = 5;
const messages = 10;
const clients = 4;

export const conversationList: Scenario = {
  name: 'conversation-list',
  title: 'the first page of a list of conversations, its owner in 5,000 ÷ in 50',
  async run(stage, { rounds, seconds }) {
    const { database } = stage;
    for (const [owner, { count, kind }] of Object.entries(owners)) {
      const member = `case m when 1 then '${owner}' else '${owner}-' || (n * 7 + m) % 300 end`;
      await seedGroups(database, { kind, count, size: members, member });
    }
    await seedNames(database);
    const total = owners.many.count + owners.few.count;
    const place = `((n - 1) % ${total} + 1)`;
    await seedMessages(database, {
      count: total * messages,
      conversation: `case when ${place} <= ${owners.few.count}
        then '00000000-0002-7000-8000-' || lpad(to_hex(${place}), 12, '0')
        else '00000000-0001-7000-8000-' || lpad(to_hex(${place} - ${owners.few.count}), 12, '0') end`,
      seq: `(n - 1) / ${total} + 1`,
      sender: `case when ${place} <= ${owners.few.count} then 'few' else 'many' end`,
    });
    await settle(database);
    const server = await stage.startServer();
    const generator = startGenerator<HttpCommands>('http.ts');
    const list = async (owner: keyof typeof owners) => {
      const request = get('/api/conversations', await tokenFor(owner));
      return () =>
        ask(
          { stage, generator, seconds },
          server,
          Array.from({ length: clients }, () => [request]),
        );
    };
    try {
      const found = await interleave(rounds, { 'in 5,000': await list('many'), 'in 50': await list('few') });
      return {
        subjects: found,
        ratios: [
          ratio('time, 5,000 ÷ 50', found['in 5,000'], found['in 50'], 'p50 ms', { atMost: 2, guard: 3.5 }),
          ratio('Postgres, 5,000 ÷ 50', found['in 5,000'], found['in 50'], 'Postgres µs', {}),
        ],
        notes: [`${clients} clients, one request at a time each; a page has 50`],
      };
    } finally {
      await generator.stop();
      await server.stop();
    }
  },
};
