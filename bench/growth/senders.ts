import { idOf, seedGroups, settle } from '../seed.ts';
import { doubling, openSockets, rest, saturate, type Growth, type Point } from './growth.ts';

const most = 512;

export const senders: Growth = {
  name: 'senders',
  title: 'Senders',
  how: 'Each sends its next message when the last is acknowledged, into a group of 5 with one other listening',
  xLabel: 'people who send',
  rateLabel: 'messages a second',
  p99Label: 'p99, sent to acknowledged',
  async measure(stage, seconds, report) {
    await seedGroups(stage.database, {
      count: most,
      size: 5,
      member: `case m when 1 then 'sender-' || n else 'listener-' || n || '-' || m end`,
    });
    await settle(stage.database);
    const server = await stage.startServer();
    const numbers = Array.from({ length: most }, (_, n) => n + 1);
    const listeners = await openSockets(
      server.port,
      numbers.map((n) => `listener-${n}-2`),
    );
    const talkers = await openSockets(
      server.port,
      numbers.map((n) => `sender-${n}`),
    );
    const points: Point[] = [];
    try {
      for (const x of doubling(most)) {
        const all = numbers.slice(0, x).map((n) => ({ socket: n - 1, rooms: [idOf(n)] }));
        const point = { x, ...(await saturate(talkers, { senders: all, inFlight: 1, seconds })) };
        points.push(point);
        report(point);
        await rest();
      }
    } finally {
      await talkers.stop();
      await listeners.stop();
      await server.stop();
    }
    return points;
  },
};
