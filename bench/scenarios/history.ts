import { interleave, type Sample } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { HttpCommands, HttpRequest } from '../load/http.ts';
import { ratio, type Ratio, type Scenario } from '../scenario.ts';
import { idOf, seedGroups, settle } from '../seed.ts';
import { tokenFor } from '../stage.ts';
import { ask, get, seedMessages, seedNames } from './reads.ts';

const clients = 4;
const limit = 50;
/** Requests to choose from where ever other pages are asked for: more than the server holds in memory. */
const manyPages = 5000;

export const history: Scenario = {
  name: 'history',
  title: 'a page at any depth of 1,000,000 messages in one conversation, 10,000,000 in all ÷ its first page',
  async run(stage, { rounds, seconds, short }) {
    const { database } = stage;
    const [depth, all] = short ? [100_000, 200_000] : [1_000_000, 10_000_000];
    // Every so many messages one of the long conversation; the others are spread over many short ones.
    const every = all / depth;
    const others = (all - depth) / 1000;
    await seedGroups(database, { kind: 1, count: 1, size: 5, member: `'reader-' || m` });
    await seedGroups(database, { kind: 2, count: others, size: 5, member: `'reader-' || m` });
    await seedNames(database);
    await seedMessages(database, {
      count: all,
      conversation: `case when n % ${every} = 0 then '${idOf(1, 1)}'
        else '00000000-0002-7000-8000-' || lpad(to_hex((n - n / ${every} - 1) % ${others} + 1), 12, '0') end`,
      seq: `case when n % ${every} = 0 then n / ${every} else (n - n / ${every} - 1) / ${others} + 1 end`,
      sender: `'reader-' || n % 5 + 1`,
    });
    await settle(database);
    const server = await stage.startServer();
    const generator = startGenerator<HttpCommands>('http.ts');
    const token = await tokenFor('reader-1');
    const path = (n: number, kind: number): string => `/api/conversations/${idOf(n, kind)}/messages`;
    const long = (query: string): HttpRequest => get(`${path(1, 1)}${query}`, token);
    const anywhere = (): number => limit + Math.floor(Math.random() * (depth - limit));
    const cursor = Buffer.from(JSON.stringify(['before', Math.floor(depth / 10)])).toString('base64url');
    const from =
      (...requests: readonly HttpRequest[]) =>
      (): Promise<Sample> =>
        ask(
          { stage, generator, seconds: seconds / 2 },
          server,
          Array.from({ length: clients }, () => requests),
        );
    const many = (request: (n: number) => HttpRequest): HttpRequest[] =>
      Array.from({ length: Math.min(manyPages, others) }, (_, n) => request(n));
    try {
      const found = await interleave(rounds, {
        'first page': from(long('')),
        '?page= in the middle': from(long(`?page=${depth / limit / 2}`)),
        '?before_seq= at a quarter': from(long(`?before_seq=${depth / 4}`)),
        '?cursor= at a tenth': from(long(`?cursor=${cursor}`)),
        'the oldest page': from(long(`?page=${depth / limit}`)),
        'any page, ever others': from(...many(() => long(`?before_seq=${anywhere()}`))),
        'first pages of ever others': from(...many((n) => get(path((n % others) + 1, 2), token))),
      });
      const against = (name: keyof typeof found, other: keyof typeof found): Ratio[] => [
        ratio(`time, ${name}`, found[name], found[other], 'p50 ms', { atMost: 1.2, guard: 2 }),
        ratio(`Postgres, ${name}`, found[name], found[other], 'Postgres µs', {}),
      ];
      return {
        subjects: found,
        ratios: [
          ...against('?page= in the middle', 'first page'),
          ...against('?before_seq= at a quarter', 'first page'),
          ...against('?cursor= at a tenth', 'first page'),
          ...against('the oldest page', 'first page'),
          ...against('any page, ever others', 'first pages of ever others'),
        ],
        notes: [
          `${clients} clients, one request at a time each`,
          'a page that was read lately costs less than one that was not, at any depth: so "ever others" against the same',
        ],
      };
    } finally {
      await generator.stop();
      await server.stop();
    }
  },
};
