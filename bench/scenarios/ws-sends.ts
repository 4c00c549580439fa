import { interleave, warmUp, type Sample, type Series } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { DialectName } from '../load/dialects.ts';
import type { SocketCommands } from '../load/sockets.ts';
import { pgbench } from '../peers/pgbench.ts';
import { metered, type Program } from '../program.ts';
import { ratio, type Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { sampleOf, usersOf } from './cost.ts';
import { allSenders, listening, listenerTokens, seedSends, sendByPgbench } from './sends.ts';

/** Messages of a sender that are not acknowledged yet, by name of the column. */
const few = 4;
const many = 16;

export const wsSends: Scenario = {
  name: 'ws-sends',
  title:
    'durable WebSocket sends with ack, the same people, 4 and 16 in flight each ÷ the same pgbench, and Socket.IO + INSERT',
  async run(stage, { short, rounds, seconds }) {
    await seedSends(stage);
    const parley = await connectAll(stage, await stage.startServer(), 'parley');
    const socketIo = await connectAll(stage, await stage.startPeer('socket-io-insert.ts'), 'socket.io');
    try {
      const ms = seconds * 1000;
      if (!short) for (const server of [parley, socketIo]) await warmUp(seconds, () => server.send(few, ms));
      const found = await interleave(rounds, {
        'Parley, 4 in flight': () => parley.send(few, ms),
        'Socket.IO, 4 in flight': () => socketIo.send(few, ms),
        'Parley, 16 in flight': () => parley.send(many, ms),
        'Socket.IO, 16 in flight': () => socketIo.send(many, ms),
        pgbench: () => pgbench(stage, { script: sendByPgbench, clients: 16, seconds }),
      });
      const ours = found['Parley, 16 in flight'];
      const theirs = found['Socket.IO, 16 in flight'];
      return {
        subjects: found,
        ratios: [
          ratio('16 in flight ÷ pgbench', ours, found.pgbench, 'rate/s', {
            atLeast: 2.5,
            aim: 4,
            guard: 1.6,
          }),
          ratio('16 in flight ÷ Socket.IO + INSERT', ours, theirs, 'rate/s', { atLeast: 3, guard: 2.2 }),
          slowest('16 in flight', ours, theirs),
          slowest('4 in flight', found['Parley, 4 in flight'], found['Socket.IO, 4 in flight']),
        ],
      };
    } finally {
      await parley.stop();
      await socketIo.stop();
    }
  },
};

const slowest = (name: string, ours: Series, theirs: Series) =>
  ratio(`p99 with ${name} ÷ Socket.IO + INSERT`, ours, theirs, 'p99 ms', { atMost: 1, guard: 3 });

/** Connects senders and those who listen to a server, all in one process. */
async function connectAll(stage: Stage, server: Program, dialect: DialectName) {
  const generator = startGenerator<SocketCommands>('sockets.ts');
  const people = await allSenders();
  const tokens = [...people.map(({ token }) => token), ...(await listenerTokens())];
  await generator.call('open', { port: server.port, dialect, tokens, atOnce: 16 });
  const senders = people.map(({ rooms }, socket) => ({ socket, rooms }));
  return {
    async send(inFlight: number, ms: number): Promise<Sample> {
      await generator.call('listen', false);
      const { result: load, used } = await metered(usersOf(stage, server, generator), async () => {
        const sent = await generator.call('saturate', { senders, inFlight, ms });
        // Each is delivered to those who listen, and to its sender, who is in the conversation, too.
        await generator.call('heard', (listening + 1) * sent.count, 10_000);
        return sent;
      });
      return sampleOf(load, used);
    },
    async stop(): Promise<void> {
      await generator.stop();
      await server.stop();
    },
  };
}
