/** Postgres hangs, dies, answers into nothing and comes back: what somebody who sends sees of it. */
import { afterEach, expect, test, vi } from 'vitest';
import type { Message } from '@parley/protocol';
import { endChildren } from './support/child.ts';
import { TestClient, type Answer } from './support/client.ts';
import { startServerNode, temporaryFolder, tokenFor } from './support/node.ts';
import { createDatabase } from './support/postgres.ts';
import { startRelay, type Relay } from './support/relay.ts';
import { startServer, type Person, type TestServer } from './support/server.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A relay before a database of the test's own. */
async function behindRelay(): Promise<{ relay: Relay; url: string }> {
  const database = await createDatabase();
  closing.push(() => database.drop());
  const url = new URL(database.url);
  const relay = await startRelay({ host: url.hostname, port: Number(url.port) });
  closing.push(() => relay.close());
  url.port = `${relay.port}`;
  return { relay, url: url.href };
}

interface Scene {
  readonly relay: Relay;
  readonly server: TestServer;
  readonly ann: Person;
  readonly groupId: string;
}

async function start(): Promise<Scene> {
  const { relay, url } = await behindRelay();
  const server = await startServer({ DATABASE_URL: url });
  closing.push(() => server.close());
  const [ann, bob] = await Promise.all([server.person('ann'), server.person('bob')]);
  const group = await ann.group(bob);
  return { relay, server, ann, groupId: group.id };
}

const send = (client: TestClient, groupId: string, clientId: string): Promise<Answer> =>
  client.post(`/api/conversations/${groupId}/messages`, { content: clientId, client_id: clientId });

const sentIn = async ({ ann, groupId }: Scene): Promise<string[]> =>
  (await ann.get<{ messages: Message[] }>(`/api/conversations/${groupId}/messages?limit=100`)).body.messages
    .map(({ content }) => content)
    .toReversed();

const isRefused = (answer: Answer): void => {
  expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  expect(answer.headers.get('retry-after')).toBe('1');
};

/** Retries as a good client does; milliseconds until it succeeds. */
async function retry(client: TestClient, groupId: string, clientId: string): Promise<number> {
  const since = performance.now();
  await vi.waitFor(
    async () => {
      const answer = await send(client, groupId, clientId);
      if (answer.status !== 201) isRefused(answer);
      expect(answer.status).toBe(201);
    },
    { timeout: 15_000, interval: 100 },
  );
  return performance.now() - since;
}

test('while Postgres hangs a send is refused in seconds, then at once; once it is back the retries are there, once each', async () => {
  const scene = await start();
  const { relay, server, ann, groupId } = scene;
  const socket = await ann.connect();
  relay.freeze();
  const since = performance.now();
  const first = await Promise.all(['a', 'b', 'c', 'd'].map((id) => send(ann, groupId, id)));
  const [firstMs, known] = [performance.now() - since, performance.now()];
  first.forEach(isRefused);
  isRefused(await send(ann, groupId, 'e'));
  const knownMs = performance.now() - known;
  // The socket stays, and says the same.
  socket.send({
    type: 'send_message',
    conversation_id: groupId,
    content: 'f',
    client_id: 'f',
    request_id: 'f',
  });
  expect(await socket.answerTo('f')).toMatchObject({ type: 'error', code: 'unavailable', retry_after: 1 });
  expect((await fetch(`${server.origin}/readyz`)).status).toBe(503);
  expect((await fetch(`${server.origin}/healthz`)).status).toBe(200);
  relay.thaw();
  const backMs = await retry(ann, groupId, 'a');
  for (const id of ['b', 'c', 'd', 'e', 'f']) await retry(ann, groupId, id);
  console.log(
    `hanging: refused after ${Math.round(firstMs)} ms, then after ${Math.round(knownMs)} ms; back after ${Math.round(backMs)} ms`,
  );
  expect((await sentIn(scene)).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  await vi.waitFor(async () => expect((await fetch(`${server.origin}/readyz`)).status).toBe(200));
  expect(firstMs).toBeLessThan(5500);
  expect(knownMs).toBeLessThan(500);
  expect(backMs).toBeLessThan(3000);
});

test('an answer that is lost after the commit: 503, and the retry gets the message that was sent', async () => {
  const scene = await start();
  const { relay, ann, groupId } = scene;
  const lost = relay.cutAnswerTo('send_message');
  isRefused(await send(ann, groupId, 'once'));
  await lost;
  const again = await send(ann, groupId, 'once');
  expect(again).toMatchObject({ status: 201, body: { content: 'once', seq: 1 } });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(await sentIn(scene)).toEqual(['once']);
});

test('the same for a conversation: a lost commit does not open it twice', async () => {
  const { relay, ann } = await start();
  const open = () =>
    ann.post('/api/conversations', {
      type: 'group',
      title: 'Trip',
      participant_ids: ['cem'],
      client_id: 'k',
    });
  const lost = relay.cutAnswerTo('commit');
  isRefused(await open());
  await lost;
  const again = await open();
  expect(again.status).toBe(201);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect((await ann.get('/api/conversations')).body.total).toBe(2);
});

test('Postgres gone and back, again and again, while people send: nothing is lost, doubled or out of order', async () => {
  const scene = await start();
  const { relay, ann, groupId } = scene;
  const stop = new AbortController();
  const acknowledged: string[] = [];
  const statuses = new Set<number>();
  const sending = (async () => {
    for (let index = 0; !stop.signal.aborted; index++) {
      const id = `m${index}`;
      for (;;) {
        const { status } = await send(ann, groupId, id);
        statuses.add(status);
        if (status === 201) break;
        // A real client would wait for a second.
        await new Promise(setImmediate);
      }
      acknowledged.push(id);
    }
  })();
  for (let round = 0; round < 3; round++) {
    const before = acknowledged.length;
    await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(before + 5), { timeout: 10_000 });
    await relay.down();
    await vi.waitFor(async () => isRefused(await send(ann, groupId, `m${acknowledged.length}`)));
    await relay.up();
  }
  const before = acknowledged.length;
  await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(before + 5), { timeout: 10_000 });
  stop.abort();
  await sending;
  expect(statuses).toEqual(new Set([201, 503]));
  const kept: string[] = [];
  let cursor = '';
  do {
    const { body } = await ann.get(`/api/conversations/${groupId}/messages?limit=100${cursor}`);
    kept.push(...body.messages.map(({ content }: Message) => content));
    cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
  } while (cursor !== '');
  expect(kept.toReversed()).toEqual(acknowledged);
});

test('5,000 sends while it is away leave the memory where it was', async () => {
  const { relay, url } = await behindRelay();
  const folder = await temporaryFolder();
  closing.push(
    () => folder.remove(),
    () => endChildren(),
  );
  const preload = new URL('./support/heap-on-signal.ts', import.meta.url).href;
  const node = await startServerNode({ DATABASE_URL: url, PARLEY_DATA_DIR: folder.path }, [
    '--expose-gc',
    '--import',
    preload,
  ]);
  const ann = new TestClient(node.origin, await tokenFor('ann'));
  const { id } = await ann.group({ id: 'bob' });
  const content = 'x'.repeat(4000);
  const sendMany = async (count: number) => {
    const statuses = new Set<number>();
    let left = count;
    const sendSome = async () => {
      while (left-- > 0)
        statuses.add((await ann.post(`/api/conversations/${id}/messages`, { content })).status);
    };
    await Promise.all(Array.from({ length: 100 }, sendSome));
    return statuses;
  };
  const heap = async (): Promise<number> => {
    node.child.process.kill('SIGUSR2');
    return Number(/^heap (\d+)$/.exec(await node.child.line())?.[1]) / 1e6;
  };
  // Everything has been used once: the first of these wait for the hanging Postgres.
  expect(await sendMany(100)).toEqual(new Set([201]));
  relay.freeze();
  expect(await sendMany(500)).toEqual(new Set([503]));
  const before = await heap();
  expect(await sendMany(5000)).toEqual(new Set([503]));
  const after = await heap();
  console.log(`heap: ${before.toFixed(1)} MB before, ${after.toFixed(1)} MB after`);
  expect(after - before).toBeLessThan(5);
  relay.thaw();
  await retry(ann, id, 'back');
});
