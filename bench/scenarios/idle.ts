import { setTimeout as delay } from 'node:timers/promises';
import { interleave, type Sample } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { SocketCommands } from '../load/sockets.ts';
import type { DialectName } from '../load/dialects.ts';
import type { Program } from '../program.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { seedCircles, tokensOf } from './circles.ts';

/** So many, in the short form, too, that what a process takes for itself as it grows is little beside them. */
const count = 15_000;
/** Come and go before, so that code and what is kept of it are there. */
const early = 500;
/** Milliseconds until what goes with coming and going is over. */
const settleMs = 4000;
const most = 16_384;

export const idle: Scenario = {
  name: 'idle',
  title: 'memory of a silent socket, people in 20 conversations each ÷ a socket of a bare ws server',
  async run(stage, { rounds }) {
    await seedCircles(stage, count + early);
    const people = Array.from({ length: count + early }, (_, person) => person);
    const found = await interleave(
      rounds,
      {
        Parley: async () => measure(await stage.startServer(), 'parley', await tokensOf(people)),
        'bare ws': async () =>
          measure(
            await stage.startPeer('ws-bare.ts'),
            'plain',
            people.map(() => ''),
          ),
      },
      // Each round has servers of its own.
      { warmUp: false },
    );
    const limit = found.Parley.map(() => ({ 'RSS bytes': most }));
    return {
      subjects: found,
      ratios: [
        ratio('memory ÷ bare ws', found.Parley, found['bare ws'], 'RSS bytes', { atMost: 2.5, guard: 3.6 }),
        ratio('memory ÷ 16 KiB', found.Parley, limit, 'RSS bytes', { atMost: 1, guard: 0.9 }),
      ],
      notes: [
        `${count} sockets; bytes a socket, as the growth of the process after ${early} sockets had come and gone`,
      ],
    };
  },
};

/** What each socket takes, after the garbage is collected. */
async function measure(server: Program, dialect: DialectName, tokens: readonly string[]): Promise<Sample> {
  const { port } = server;
  const generator = startGenerator<SocketCommands>('sockets.ts');
  try {
    await generator.call('open', { port, dialect, tokens: tokens.slice(0, early), atOnce: 32 });
    await generator.call('close');
    await delay(settleMs);
    const before = await server.memory();
    const arriving = tokens.slice(early);
    await generator.call('open', { port, dialect, tokens: arriving, atOnce: 32 });
    await delay(settleMs);
    const after = await server.memory();
    return {
      'RSS bytes': (after.rss - before.rss) / arriving.length,
      'heap bytes': (after.heap - before.heap) / arriving.length,
      'external bytes': (after.external - before.external) / arriving.length,
    };
  } finally {
    await generator.stop();
    await server.stop();
  }
}
