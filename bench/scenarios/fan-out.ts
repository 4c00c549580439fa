import { interleave, type Sample } from '../figures.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { gather, group, meteredCrowd, seedGroup, sendersInto, type Crowd } from './fan-out-group.ts';

const people = { size: 1000, senders: 64 };
/** Messages of each sender without an answer at the same time. */
const inFlight = 4;

export const fanOut: Scenario = {
  name: 'fan-out',
  title: `one conversation, ${people.size} sockets, saturated ÷ a bare ws server's loop, and ÷ Socket.IO's emit`,
  async run(stage, { rounds, seconds, short }) {
    await seedGroup(stage, people.size);
    const parley = await gather(await stage.startServer(), 'parley', people);
    const loop = await gather(await stage.startPeer('ws-loop.ts'), 'plain', people);
    const peer = await stage.startPeer('socket-io-emit.ts', { ROOM: group });
    const socketIo = await gather(peer, 'socket.io', people);
    const saturated = async (crowd: Crowd): Promise<Sample> => {
      const { senders, listeners } = crowd;
      await listeners.call('listen', false);
      const load = { senders: sendersInto(people.senders), inFlight, ms: seconds * 1000 };
      const { result, used } = await meteredCrowd(stage, crowd, crowd === parley && !short, async () => {
        const sent = await senders.call('saturate', load);
        const heard = await listeners.call('heard', sent.count * (people.size - people.senders), 30_000);
        return { sent: sent.count, heard };
      });
      const deliveries = result.sent * people.size;
      return {
        'deliveries/s': deliveries / result.seconds,
        'a CPU-second': (deliveries / used.server) * 1e6,
        'server µs': used.server / deliveries,
        'Postgres µs': used.postgres / deliveries,
        'listening µs': used.listening / result.heard.deliveries,
        'listening CPU': used.listening / result.seconds / 1e6,
        bytes: result.heard.bytes / result.heard.deliveries,
      };
    };
    try {
      const found = await interleave(rounds, {
        Parley: () => saturated(parley),
        'ws loop': () => saturated(loop),
        'Socket.IO': () => saturated(socketIo),
      });
      return {
        subjects: found,
        ratios: [
          ratio('deliveries a CPU-second ÷ ws loop', found.Parley, found['ws loop'], 'a CPU-second', {
            atLeast: 5,
            guard: 7,
          }),
          ratio('deliveries a CPU-second ÷ Socket.IO', found.Parley, found['Socket.IO'], 'a CPU-second', {
            atLeast: 8,
            guard: 8,
          }),
        ],
        notes: [
          'a generator that uses less than one CPU is not what is measured',
          'the CPU of Parley includes authentication, the durable writes, their acknowledgements and delivered receipts',
        ],
      };
    } finally {
      for (const crowd of [parley, loop, socketIo]) await crowd.stop();
    }
  },
};
