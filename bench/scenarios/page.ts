import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { interleave, type Sample } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { HttpCommands, HttpRequest } from '../load/http.ts';
import type { Program } from '../program.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { idOf, seedGroups, settle } from '../seed.ts';
import { tokenFor, type Stage } from '../stage.ts';
import { ask, get, seedMessages, seedNames } from './reads.ts';

const clients = 64;
const conversations = 640;
const members = 5;
const messages = 100;

/** Each client is in 50 conversations, and the first member of ten. */
export async function seed({ database }: Stage): Promise<void> {
  await seedGroups(database, {
    count: conversations,
    size: members,
    member: `'client-' || ((n + (m - 1) * 13) % ${clients})`,
  });
  await seedNames(database);
  await seedMessages(database, {
    count: conversations * messages,
    conversation: `'00000000-0000-7000-8000-' || lpad(to_hex((n - 1) % ${conversations} + 1), 12, '0')`,
    seq: `(n - 1) / ${conversations} + 1`,
    sender: `'client-' || (((n - 1) % ${conversations} + 1 + ((n - 1) / ${conversations} % ${members}) * 13) % ${clients})`,
  });
  await settle(database);
}

const pathOf = (n: number): string => `/api/conversations/${idOf(n)}/messages`;

export const page: Scenario = {
  name: 'page',
  title: 'GET of a page of 50 messages, 64 clients ÷ bare Fastify with the same JSON from memory',
  async run(stage, { rounds, seconds, short }) {
    await seed(stage);
    const server = await stage.startServer();
    const generator = startGenerator<HttpCommands>('http.ts');
    const asking = { stage, generator, seconds };
    const tokens = await Promise.all(Array.from({ length: clients }, (_, c) => tokenFor(`client-${c}`)));
    const own = tokens.map((token, c) =>
      Array.from({ length: conversations }, (_, n) => n + 1).flatMap((n) =>
        n % clients === c ? [get(pathOf(n), token)] : [],
      ),
    );
    const lists = tokens.map((token) => [get('/api/conversations', token)]);
    const peers: Program[] = [];
    const start = async (file: string, env: Record<string, string>): Promise<() => Promise<Sample>> => {
      const peer = await stage.startPeer(file, env);
      peers.push(peer);
      return () =>
        ask(
          asking,
          peer,
          tokens.map(() => [get('/page')]),
        );
    };
    try {
      const PAGE = await keep(stage, server, own[0]?.[0]);
      const bounded = await interleave(rounds, {
        'Parley, messages': () => ask(asking, server, own),
        'Fastify, messages': await start('fastify-page.ts', { PAGE, WITH_SCHEMA: '1' }),
      });
      const parley = bounded['Parley, messages'];
      const ratios = [
        ratio('messages ÷ Fastify', parley, bounded['Fastify, messages'], 'rate/s', {
          atLeast: 0.4,
          guard: 0.2,
        }),
      ];
      if (short) return { subjects: bounded, ratios };
      const LIST = await keep(stage, server, lists[0]?.[0]);
      const beside = await interleave(rounds, {
        'the same without a schema': await start('fastify-page.ts', { PAGE, WITH_SCHEMA: '0' }),
        'node:http, the bytes': await start('http-echo.ts', { PAGE }),
        'Parley, conversations': () => ask(asking, server, lists),
        'Fastify, conversations': await start('fastify-page.ts', { PAGE: LIST, WITH_SCHEMA: '1' }),
      });
      const { 'Parley, conversations': list, 'Fastify, conversations': fastifyList } = beside;
      return {
        subjects: { ...bounded, ...beside },
        ratios: [
          ...ratios,
          ratio(
            'messages ÷ Fastify without a schema',
            parley,
            beside['the same without a schema'],
            'rate/s',
            {},
          ),
          ratio('conversations ÷ Fastify', list, fastifyList, 'rate/s', {}),
        ],
      };
    } finally {
      await generator.stop();
      for (const peer of peers) await peer.stop();
      await server.stop();
    }
  },
};

/** Asks the server once, and keeps what it answers in a file. */
async function keep(stage: Stage, { port }: Program, request: HttpRequest | undefined): Promise<string> {
  if (request === undefined) throw new Error('there is nothing to ask for');
  const answer = await fetch(`http://127.0.0.1:${port}${request.path}`, {
    headers: { authorization: `Bearer ${request.token}` },
  });
  const file = join(stage.folder, `answer-${process.hrtime.bigint()}.json`);
  await writeFile(file, await answer.text());
  return file;
}
