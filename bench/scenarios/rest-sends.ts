import { interleave, warmUp, type Sample } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { HttpCommands } from '../load/http.ts';
import { pgbench } from '../peers/pgbench.ts';
import { metered } from '../program.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { sampleOf, usersOf } from './cost.ts';
import { allSenders, seedSends, sendByPgbench, startListeners } from './sends.ts';

const body = JSON.stringify({
  content: 'A message of a common length, as people write them.',
  message_type: 'text',
});

export const restSends: Scenario = {
  name: 'rest-sends',
  title:
    'durable REST sends, 64 senders, 200 conversations of 5, two listening ÷ pgbench one by one, 16 clients',
  async run(stage, { short, rounds, seconds }) {
    await seedSends(stage);
    const server = await stage.startServer();
    const listeners = await startListeners([server.port]);
    const generator = startGenerator<HttpCommands>('http.ts');
    const requests = (await allSenders()).map(({ token, rooms }) =>
      rooms.map((id) => ({
        method: 'POST' as const,
        path: `/api/conversations/${id}/messages`,
        token,
        body,
      })),
    );
    const sends = async (): Promise<Sample> => {
      await listeners.call('listen', false);
      const { result: load, used } = await metered(usersOf(stage, server, generator, listeners), async () => {
        const sent = await generator.call('load', { port: server.port, ms: seconds * 1000, requests });
        // Each is delivered to both who listen.
        await listeners.call('heard', 2 * sent.count, 10_000);
        return sent;
      });
      return sampleOf(load, used);
    };
    const oneByOne = () => pgbench(stage, { script: sendByPgbench, clients: 16, seconds });
    try {
      if (!short) await warmUp(seconds, sends);
      const found = await interleave(rounds, { Parley: sends, pgbench: oneByOne });
      return {
        subjects: found,
        ratios: [
          ratio('sends ÷ pgbench', found.Parley, found.pgbench, 'rate/s', {
            atLeast: 1,
            aim: 1.5,
            guard: 0.5,
          }),
        ],
      };
    } finally {
      await generator.stop();
      await listeners.stop();
      await server.stop();
    }
  },
};
