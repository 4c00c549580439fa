import { interleave, type Sample } from '../figures.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { gather, meteredCrowd, seedGroup, sendersInto, type Crowd } from './fan-out-group.ts';

const messages = 100;
const everyMs = 10;

export const fanOutPaced: Scenario = {
  name: 'fan-out-paced',
  title: `one conversation, 10,000 sockets, ${messages} messages ${everyMs} ms apart ÷ a bare ws server's loop`,
  async run(stage, { rounds, short }) {
    const people = { size: short ? 2000 : 10_000, senders: 20 };
    await seedGroup(stage, people.size);
    const parley = await gather(await stage.startServer(), 'parley', people);
    const loop = await gather(await stage.startPeer('ws-loop.ts'), 'plain', people);
    const paced = async (crowd: Crowd): Promise<Sample> => {
      const { senders, listeners } = crowd;
      await listeners.call('listen', true);
      const load = { senders: sendersInto(people.senders), count: messages, everyMs };
      const { result, used } = await meteredCrowd(stage, crowd, crowd === parley && !short, async () => {
        await senders.call('pace', load);
        const heard = await listeners.call('heard', messages * (people.size - people.senders), 60_000);
        return { heard };
      });
      const { heard, seconds } = result;
      const deliveries = messages * people.size;
      return {
        'p50 ms': heard.p50,
        'p99 ms': heard.p99,
        'max ms': heard.max,
        'server µs': used.server / deliveries,
        'Postgres µs': used.postgres / deliveries,
        'listening µs': used.listening / heard.deliveries,
        'listening CPU': used.listening / seconds / 1e6,
      };
    };
    try {
      const found = await interleave(rounds, {
        Parley: () => paced(parley),
        'ws loop': () => paced(loop),
      });
      return {
        subjects: found,
        ratios: (['p50 ms', 'p99 ms'] as const).map((figure) =>
          ratio(`${figure} ÷ ws loop`, found.Parley, found['ws loop'], figure, { atMost: 0.5, guard: 0.4 }),
        ),
        notes: short ? [`short: ${people.size} sockets`] : [],
      };
    } finally {
      for (const crowd of [parley, loop]) await crowd.stop();
    }
  },
};
