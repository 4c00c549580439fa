import { idOf, seedGroups, settle } from '../seed.ts';
import { addSockets, delivery, openSockets, rest, saturate, type Growth, type Point } from './growth.ts';

const size = 10;
const sizes = [100, 300, 1000, 3000, 10_000];
const most = 10_000 / size;
const pace = 200;
const talking = 32;

export const sockets: Growth = {
  name: 'sockets',
  title: 'Sockets that listen',
  how: `In groups of ${size}, all connected; rate: as many as ${talking} senders get acknowledged, p99: at ${pace} messages a second`,
  xLabel: 'sockets',
  rateLabel: 'deliveries a second',
  p99Label: 'p99, sent to delivered',
  async measure(stage, seconds, report) {
    await seedGroups(stage.database, {
      count: most,
      size: size + 1,
      // One more in each, who does not listen: those who send are in all that they send to.
      member: `case when m = ${size + 1} then 'sender-' || (n % ${talking}) else 'p' || ((n - 1) * ${size} + m) end`,
    });
    await settle(stage.database);
    const server = await stage.startServer();
    const people = Array.from({ length: talking }, (_, n) => `sender-${n}`);
    const talkers = await openSockets(server.port, people);
    const pacers = await openSockets(server.port, people);
    const listeners = await openSockets(server.port, []);
    const points: Point[] = [];
    try {
      let open = 0;
      for (const x of sizes) {
        await addSockets(
          listeners,
          server.port,
          Array.from({ length: x - open }, (_, n) => `p${open + n + 1}`),
        );
        open = x;
        const senders = sendersInto(x / size);
        await rest();
        const p99 = await delivery(pacers, listeners, { senders, rate: pace, seconds, audience: size });
        const { rate } = await saturate(talkers, { senders, inFlight: 2, seconds });
        const point = { x, rate: rate * size, p99 };
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

/** Those who are in one of the first groups, and which of them they are in. */
const sendersInto = (groups: number) =>
  Array.from({ length: talking }, (_, socket) => ({
    socket,
    rooms: Array.from({ length: groups }, (_, n) => n + 1).flatMap((n) =>
      n % talking === socket ? [idOf(n)] : [],
    ),
  })).filter(({ rooms }) => rooms.length > 0);
