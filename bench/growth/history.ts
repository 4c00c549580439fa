import { median } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { HttpCommands } from '../load/http.ts';
import { seedMessages } from '../scenarios/reads.ts';
import { idOf, seedGroups, settle } from '../seed.ts';
import { tokenFor } from '../stage.ts';
import type { Growth, Point } from './growth.ts';

const most = 1_000_000;
const depths = [1, 10, 100, 1000, 10_000, 100_000, 300_000, most];
const clients = 16;
/** One after the other over all depths, so that what else goes on meanwhile meets all of them; the median counts. */
const passes = 3;

export const history: Growth = {
  name: 'history',
  title: 'Depth in a history',
  how: `Pages of 50 messages that begin so many messages back in a conversation of 1,000,000, ${clients} clients`,
  xLabel: 'messages back',
  rateLabel: 'pages a second',
  p99Label: 'p99 of a page',
  async measure(stage, seconds, report) {
    await seedGroups(stage.database, { count: 1, size: 5, member: `'p' || (m + 0 * n)` });
    await seedMessages(stage.database, {
      conversation: `'${idOf(1)}'`,
      seq: 'n',
      sender: `'p' || (1 + n % 5)`,
      count: most,
    });
    await settle(stage.database);
    const server = await stage.startServer();
    const generator = startGenerator<HttpCommands>('http.ts');
    const token = await tokenFor('p1');
    const points: Point[] = [];
    try {
      const found = new Map<number, { rate: number; p99: number }[]>(depths.map((x) => [x, []]));
      for (let pass = 0; pass <= passes; pass++) {
        for (const [x, series] of found) {
          // A page is full, at the beginning of the conversation, too.
          const before = Math.max(51, most + 2 - x);
          const request = {
            method: 'GET',
            path: `/api/conversations/${idOf(1)}/messages?before_seq=${before}`,
            token,
          } as const;
          const requests = Array.from({ length: clients }, () => [request]);
          const ms = (seconds * 1000) / 2;
          const load = await generator.call('load', { port: server.port, ms, requests });
          // The first pass warms up.
          if (pass > 0) series.push({ rate: load.count / load.seconds, p99: load.p99 });
        }
      }
      for (const [x, series] of found) {
        const middle = (name: 'rate' | 'p99') => median(series.map((each) => each[name]));
        const point = { x, rate: middle('rate'), p99: middle('p99') };
        points.push(point);
        report(point);
      }
    } finally {
      await generator.stop();
      await server.stop();
    }
    return points;
  },
};
