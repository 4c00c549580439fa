/** Three nodes on one database, replaced one after the other while people write: what each of them sees of it. */
import { once } from 'node:events';
import type { Message, ServerFrame } from '@parley/protocol';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { hasRedis, startRedis } from '../src/redis/redis-process.ts';
import { endChildren } from './support/child.ts';
import { TestClient } from './support/client.ts';
import { startServerNode, temporaryFolder, tokenFor, type ServerNode } from './support/node.ts';
import { createDatabase } from './support/postgres.ts';

if (!hasRedis)
  console.log('Left out: a Redis that the nodes share, as there is no redis-server on the PATH.');

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await endChildren();
  for (const close of closing.splice(0).toReversed()) await close();
});

/** What people met, by how often; and how long the one who waited longest did. */
class Seen {
  readonly counts: Record<string, number> = {};
  longestMs = 0;

  note(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  waited(since: number): void {
    this.longestMs = Math.max(this.longestMs, performance.now() - since);
  }
}

interface Sender {
  /** Sends until it is acknowledged, as a good client does: the same `client_id`, the next node. */
  send(content: string): Promise<void>;
  close(): void;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** A client's jitter. */
const jitter = () => pause(10 + Math.random() * 40);

/** What the network says of a connection that went while a request was on its way, or was not there. */
const networkCode = (error: unknown): string => {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : String(cause);
};

interface People {
  readonly origins: readonly string[];
  readonly groupId: string;
  readonly seen: Seen;
}

function overRest({ origins, groupId, seen }: People, token: string): Sender {
  let at = Math.floor(Math.random() * origins.length);
  const path = `/api/conversations/${groupId}/messages`;
  const once = async (content: string): Promise<boolean> => {
    try {
      const answer = await new TestClient(origins[at % origins.length] ?? '', token).post(path, {
        content,
        client_id: content,
      });
      const retryable = answer.status !== 201;
      seen.note(retryable ? `${answer.status} ${answer.body.code}` : '201');
      if (retryable && answer.headers.get('retry-after') === null) seen.note('no Retry-After');
      return !retryable;
    } catch (error) {
      seen.note(networkCode(error));
      return false;
    }
  };
  return {
    async send(content) {
      const since = performance.now();
      while (!(await once(content))) {
        at++;
        await jitter();
      }
      seen.waited(since);
    },
    close: () => undefined,
  };
}

/** One socket at a time; what is not acknowledged when it goes is sent again over the next. */
function overSocket({ origins, groupId, seen }: People, token: string): Sender {
  let at = Math.floor(Math.random() * origins.length);
  let socket: WebSocket | null = null;
  let closed = false;

  const connect = async (): Promise<WebSocket> => {
    for (;;) {
      const origin = (origins[at % origins.length] ?? '').replace('http', 'ws');
      const dialled = new WebSocket(`${origin}/api/ws`, { headers: { authorization: `Bearer ${token}` } });
      try {
        await once(dialled, 'message');
        dialled.on('error', () => undefined);
        dialled.on('close', (code) => {
          if (!closed) seen.note(`closed with ${code}`);
          socket = null;
          at++;
        });
        return dialled;
      } catch (error) {
        const refused = /server response: (\d+)/.exec(String(error))?.[1];
        seen.note(refused === undefined ? networkCode(error) : `${refused} upgrade`);
        at++;
        await jitter();
      }
    }
  };

  /** Whether it was acknowledged. */
  const attempt = (open: WebSocket, content: string): Promise<boolean> =>
    new Promise((resolve) => {
      const end = (acknowledged: boolean) => {
        open.off('message', onMessage).off('close', onClose);
        resolve(acknowledged);
      };
      const onClose = () => end(false);
      const onMessage = (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as ServerFrame;
        if (!('request_id' in frame) || frame.request_id !== content) return;
        if (frame.type === 'error') seen.note(`error ${frame.code}`);
        else seen.note(frame.type);
        end(frame.type === 'message_ack');
      };
      open.on('message', onMessage).on('close', onClose);
      if (open.readyState !== WebSocket.OPEN) return end(false);
      open.send(
        JSON.stringify({
          type: 'send_message',
          conversation_id: groupId,
          content,
          client_id: content,
          request_id: content,
        }),
      );
    });

  return {
    async send(content) {
      const since = performance.now();
      for (;;) {
        const open: WebSocket = socket ?? (await connect());
        socket = open.readyState === WebSocket.OPEN ? open : null;
        if (await attempt(open, content)) break;
        await jitter();
      }
      seen.waited(since);
    },
    close() {
      closed = true;
      socket?.close();
    },
  };
}

async function history(client: TestClient, groupId: string): Promise<Message[]> {
  const found: Message[] = [];
  for (let cursor = ''; ;) {
    const { body } = await client.get(`/api/conversations/${groupId}/messages?limit=100${cursor}`);
    found.push(...body.messages);
    if (body.next_cursor === null) return found.toReversed();
    cursor = `&cursor=${body.next_cursor}`;
  }
}

test('all nodes are replaced one by one and nobody who writes sees more than "try again"', async () => {
  const [database, folder] = await Promise.all([createDatabase(), temporaryFolder()]);
  closing.push(
    () => database.drop(),
    () => folder.remove(),
  );
  const redis = hasRedis ? await startRedis() : null;
  if (redis !== null) closing.push(() => redis.remove());
  const startAt = (index: number, port = 0): Promise<ServerNode> =>
    startServerNode({
      DATABASE_URL: database.url,
      PARLEY_DATA_DIR: `${folder.path}/${index}`,
      PORT: String(port),
      ...(redis !== null && { REDIS_URL: redis.url }),
    });
  const nodes = await Promise.all([0, 1, 2].map((index) => startAt(index)));
  const origins = nodes.map(({ origin }) => origin);
  const ids = Array.from({ length: 24 }, (_, index) => `user-${index}`);
  const tokens = await Promise.all(ids.map(tokenFor));
  const reader = new TestClient(origins[0] ?? '', tokens[0] ?? '');
  const group = await reader.group(...ids.slice(1).map((id) => ({ id })));

  const seen = new Seen();
  const people: People = { origins, groupId: group.id, seen };
  const acknowledged = new Map<string, string[]>();
  const stop = new AbortController();
  const writing = ids.map(async (id, index) => {
    const sender = (index % 3 === 0 ? overRest : overSocket)(people, tokens[index] ?? '');
    const own: string[] = [];
    acknowledged.set(id, own);
    for (let count = 0; !stop.signal.aborted; count++) {
      await sender.send(`${id} ${count}`);
      own.push(`${id} ${count}`);
      await pause(20);
    }
    sender.close();
  });

  const total = () => [...acknowledged.values()].reduce((sum, own) => sum + own.length, 0);
  for (const [index, node] of nodes.entries()) {
    const before = total();
    await expect.poll(total, { timeout: 20_000 }).toBeGreaterThan(before + 200);
    node.child.process.kill('SIGTERM');
    expect(await node.child.ended).toMatchObject({ code: 0, stderr: '' });
    await startAt(index, node.port);
  }
  const before = total();
  await expect.poll(total, { timeout: 20_000 }).toBeGreaterThan(before + 200);
  stop.abort();
  await Promise.all(writing);
  console.log(`rolling restart: the longest wait was ${Math.round(seen.longestMs)} ms; met:`, seen.counts);

  const allowed =
    /^(201|message_ack|503 shutting_down|503 upgrade|error shutting_down|closed with 1001|ECONN(REFUSED|RESET)|UND_ERR_SOCKET|EPIPE)$/;
  expect(Object.keys(seen.counts).filter((what) => !allowed.test(what))).toEqual([]);
  expect(seen.counts['closed with 1001']).toBeGreaterThan(0);
  const kept = await history(reader, group.id);
  expect(kept.map(({ seq }) => seq)).toEqual(kept.map((_, index) => index + 1));
  for (const [id, own] of acknowledged) {
    expect(kept.filter(({ sender_id }) => sender_id === id).map(({ content }) => content)).toEqual(own);
  }
});
