import { idOf, seedGroups, settle } from '../seed.ts';
import { delivery, openSockets, rest, saturate, type Growth, type Point } from './growth.ts';

const sizes = [10, 100, 1000, 10_000, 100_000];
const talking = 64;
const pace = 500;

export const conversations: Growth = {
  name: 'conversations',
  title: 'Conversations that are written to',
  how: `At random by ${talking} senders in groups of 5; rate: as many as they get acknowledged, 4 at a time each, p99: at ${pace} messages a second`,
  xLabel: 'conversations',
  rateLabel: 'messages a second',
  p99Label: 'p99, sent to delivered',
  async measure(stage, seconds, report) {
    const points: Point[] = [];
    for (const [kind, x] of sizes.entries()) {
      // Each size has people of its own, who are in nothing else.
      const name = `s${kind}-`;
      await seedGroups(stage.database, {
        kind,
        count: x,
        size: 5,
        member: `case m when 1 then '${name}' || (n % ${talking}) else 'away-' || n || '-' || m end`,
      });
      await settle(stage.database);
      const server = await stage.startServer();
      const senders = Array.from({ length: Math.min(talking, x) }, (_, socket) => ({
        socket,
        rooms: Array.from({ length: x }, (_, n) => n + 1).flatMap((n) =>
          n % Math.min(talking, x) === socket ? [idOf(n, kind)] : [],
        ),
      }));
      // Who sends hears their own messages, as everybody does who is in the conversation.
      const people = senders.map(({ socket }) => `${name}${socket === 0 && x < talking ? x : socket}`);
      const talkers = await openSockets(server.port, people);
      const pacers = await openSockets(server.port, people);
      try {
        await rest();
        const p99 = await delivery(pacers, pacers, { senders, rate: pace, seconds, audience: 1 });
        const { rate } = await saturate(talkers, { senders, inFlight: 4, seconds });
        const point = { x, rate, p99 };
        points.push(point);
        report(point);
      } finally {
        await talkers.stop();
        await pacers.stop();
        await server.stop();
      }
    }
    return points;
  },
};
