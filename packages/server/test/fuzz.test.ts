/** Whatever is sent, to any endpoint or as any frame: a clear refusal, never a 500, a crash or a dead connection. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientFrames, errors } from '@parley/protocol';
import { compile } from '../src/messaging/validation.ts';
import { startServer, type Person, type TestServer } from './support/server.ts';
import { arbitraryOf, type Schema } from './support/schema-arbitrary.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly body: Schema | null;
  readonly answers: Readonly<Record<string, (value: unknown) => boolean>>;
}

let server: TestServer;
let ann: Person;
let bob: Person;
let ids: fc.Arbitrary<unknown>;
let hints: Record<string, fc.Arbitrary<unknown>>;
const rejections: unknown[] = [];
const onRejection = (reason: unknown): number => rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', onRejection);
  server = await startServer();
  [ann, bob] = await Promise.all([server.person('ann'), server.person('bob')]);
  const group = await ann.group(bob);
  const message = await ann.say(group.id, 'hello');
  const direct = (await ann.post('/api/conversations', { type: 'direct', participant_ids: ['bob'] })).body;
  ids = fc.constantFrom(group.id, direct.id, message.id, 'ann', 'bob', 'nobody');
  hints = {
    conversation_id: fc.constantFrom(group.id, direct.id),
    typing_in_conversation: fc.constantFrom(group.id, direct.id, null),
    message_id: fc.constant(message.id),
    reply_to_id: fc.constantFrom(message.id, null),
    user_id: fc.constantFrom('bob', 'cy'),
  };
});

afterAll(async () => {
  process.off('unhandledRejection', onRejection);
  await server.close();
});

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now());
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 40);
const settings = { seed, numRuns, endOnFailure: true };

test(
  `every endpoint answers every request as documented (FUZZ_SEED=${seed})`,
  { timeout: 180_000 },
  async () => {
    for (const operation of await operations()) {
      await fc.assert(
        fc.asyncProperty(requestOf(operation), (request) => answersWell(operation, request)),
        settings,
      );
    }
    expect((await ann.request('GET', '/readyz')).status).toBe(200);
    expect(rejections).toEqual([]);
  },
);

test(
  `every frame is answered or refused, and the connection stays (FUZZ_SEED=${seed})`,
  { timeout: 180_000 },
  async () => {
    const codes = new Set(Object.keys(errors));
    for (const [type, schema] of Object.entries(clientFrames)) {
      let socket = await bob.connect();
      let sent = 0;
      const frame = arbitraryOf(schema as Schema, {
        ...hints,
        type: fc.constant(type),
        request_id: fc.constantFrom('r', undefined),
      });
      const raw = fc.oneof(
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
        { weight: 6, arbitrary: frame.map((value) => JSON.stringify(value) ?? 'undefined') },
      );
      const property = fc.asyncProperty(raw, async (text) => {
        // A connection may send some hundred frames before it counts as a flood.
        if (++sent % 40 === 0) {
          socket.close();
          socket = await bob.connect();
        }
        socket.send(text);
        const frames = await socket.settled();
        for (const answer of frames)
          if (answer.type === 'error')
            expect([...codes].filter((code) => code !== 'internal')).toContain(answer.code);
      });
      await fc.assert(property, settings);
      socket.close();
    }
    expect(rejections).toEqual([]);
  },
);

/** What the running server says of itself. */
async function operations(): Promise<Operation[]> {
  const { body: document } = await ann.get('/openapi.json');
  const resolve = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(resolve);
    if (typeof node !== 'object' || node === null) return node;
    if ('$ref' in node && typeof node.$ref === 'string')
      return resolve(document.components.schemas[node.$ref.split('/').at(-1) ?? '']);
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value)]));
  };
  return Object.entries<Record<string, unknown>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(resolve(methods) as Record<string, RawOperation>)
      .filter(([method]) => method !== 'head')
      .map(([method, raw]) => ({
        method: method.toUpperCase(),
        path,
        parameters: raw.parameters ?? [],
        body: Object.values(raw.requestBody?.content ?? {})[0]?.schema ?? null,
        answers: Object.fromEntries(
          Object.entries(raw.responses).map(([status, { content }]) => [
            status,
            checkOf(content?.['application/json']?.schema),
          ]),
        ),
      })),
  );
}

interface RawOperation {
  readonly parameters?: Operation['parameters'];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Schema }> }>;
}

function checkOf(schema: Schema | undefined): (value: unknown) => boolean {
  if (schema === undefined) return () => true;
  const check = compile(schema as object);
  return (value) => check(value).ok;
}

interface Request {
  readonly path: readonly unknown[];
  readonly query: Record<string, unknown>;
  readonly body: unknown;
}

const requestOf = ({ path, parameters, body }: Operation): fc.Arbitrary<Request> =>
  fc.record({
    path: fc.tuple(
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
        fc.oneof(
          { weight: 2, arbitrary: hints[name ?? ''] ?? ids },
          ids,
          fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
        ),
      ),
    ),
    query: fc.record(
      Object.fromEntries(
        parameters
          .filter((parameter) => parameter.in === 'query')
          .map(({ name, schema }) => [name, arbitraryOf(schema, hints)]),
      ),
      { requiredKeys: [] },
    ),
    body: body === null ? fc.constant(undefined) : arbitraryOf(body, hints),
  });

async function answersWell(operation: Operation, { path, query, body }: Request): Promise<void> {
  let index = 0;
  const filled = operation.path.replace(/\{\w+\}/g, () =>
    encodeURIComponent(String(path[index++]).toWellFormed()),
  );
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      [value]
        .flat()
        .map((item) => [
          name,
          (typeof item === 'string' ? item : (JSON.stringify(item) ?? '')).toWellFormed(),
        ]),
    ),
  );
  const url = `${filled}${search.size > 0 ? `?${search}` : ''}`;
  const answer = await ann.request(operation.method, url, body);
  const described = `${operation.method} ${url} ${JSON.stringify(body)} → ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 500)}`;
  expect(answer.status, described).toBeLessThan(500);
  const check = operation.answers[answer.status];
  expect(check, `undocumented: ${described}`).toBeDefined();
  expect(check?.(answer.body), `not as documented: ${described}`).toBe(true);
}
