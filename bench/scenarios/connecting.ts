import { setTimeout as delay } from 'node:timers/promises';
import { interleave, type Sample } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { DialectName } from '../load/dialects.ts';
import type { SocketCommands } from '../load/sockets.ts';
import { metered, type Program } from '../program.ts';
import { ratio, type Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { seedCircles, tokensOf } from './circles.ts';
import { costOf, usersOf } from './cost.ts';

/** Handshakes at the same time. */
const atOnce = 256;
/** Connect before, so that code is as it is after a while. */
const early = 1000;
/** One of so many whom somebody shares a conversation with comes, too; the others are away. */
const share = 4;

export const connecting: Scenario = {
  name: 'connecting',
  title: `handshakes with a token check and 20 conversations each, ${atOnce} at once ÷ bare ws upgrades`,
  async run(stage, { short, rounds }) {
    const count = short ? 2000 : 5000;
    await seedCircles(stage, (early + count) * share);
    const people = Array.from({ length: early + count }, (_, n) => n * share);
    // A server of its own for each round: it knows nobody's token, and nobody is just going.
    const found = await interleave(
      rounds,
      {
        Parley: async () => measure(stage, await stage.startServer(), 'parley', await tokensOf(people)),
        'bare ws': async () =>
          measure(
            stage,
            await stage.startPeer('ws-bare.ts'),
            'plain',
            people.map(() => ''),
          ),
      },
      { warmUp: false },
    );
    return {
      subjects: found,
      ratios: [
        ratio('handshakes ÷ bare ws', found.Parley, found['bare ws'], 'rate/s', {
          atLeast: 0.5,
          guard: 0.08,
        }),
      ],
      notes: [
        `each person is in 20 conversations of 10; one in ${share} of those whom they share them with comes, too, and is told`,
        'people are known, and nobody has seen their tokens; a handshake is over with the `connected` frame',
      ],
    };
  },
};

/** Connects them all, after those who warm up have come and gone. */
async function measure(
  stage: Stage,
  server: Program,
  dialect: DialectName,
  tokens: readonly string[],
): Promise<Sample> {
  const { port } = server;
  const generator = startGenerator<SocketCommands>('sockets.ts');
  try {
    await generator.call('open', { port, dialect, tokens: tokens.slice(0, early), atOnce });
    await generator.call('close');
    await delay(500);
    const arriving = tokens.slice(early);
    const { result, used } = await metered(usersOf(stage, server, generator), () =>
      generator.call('open', { port, dialect, tokens: arriving, atOnce }),
    );
    return { 'rate/s': arriving.length / result.seconds, ...costOf(arriving.length, used) };
  } finally {
    await generator.stop();
    await server.stop();
  }
}
