import { idOf, seedGroups, settle } from '../seed.ts';
import { addSockets, delivery, openSockets, rest, saturate, type Growth, type Point } from './growth.ts';

const sizes = [2, 10, 30, 100, 300, 1000, 3000, 10_000];
const mostOnline = 1000;
const pace = 20;

export const groupSize: Growth = {
  name: 'group-size',
  title: 'People in a group',
  how: `One group, all of it connected up to ${mostOnline.toLocaleString('en')}; rate: as many as one sender gets acknowledged, 8 at a time, p99: at ${pace} messages a second`,
  xLabel: 'people in the group',
  rateLabel: 'deliveries a second',
  p99Label: 'p99, sent to delivered',
  async measure(stage, seconds, report) {
    for (const [kind, size] of sizes.entries())
      await seedGroups(stage.database, {
        kind,
        count: 1,
        size,
        member: `case when m = $2::int then 'sender' else 'p' || (m + 0 * n) end`,
      });
    await settle(stage.database);
    const server = await stage.startServer();
    const people = ['sender'];
    const talkers = await openSockets(server.port, people);
    const pacers = await openSockets(server.port, people);
    const listeners = await openSockets(server.port, []);
    const points: Point[] = [];
    try {
      let open = 0;
      for (const [kind, x] of sizes.entries()) {
        const online = Math.min(x - 1, mostOnline);
        await addSockets(
          listeners,
          server.port,
          Array.from({ length: online - open }, (_, n) => `p${open + n + 1}`),
        );
        open = online;
        const senders = [{ socket: 0, rooms: [idOf(1, kind)] }];
        await rest();
        const p99 = await delivery(pacers, listeners, { senders, rate: pace, seconds, audience: online });
        const { rate } = await saturate(talkers, { senders, inFlight: 8, seconds });
        const point = { x, rate: rate * online, p99 };
        points.push(point);
        report(point);
      }
    } finally {
      await talkers.stop();
      await pacers.stop();
      await listeners.stop();
      await server.stop();
    }
    return points;
  },
};
