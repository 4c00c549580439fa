/** Who is there, and who types, seen from two nodes: what people on one learn of those on the other, and when. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createClient } from 'redis';
import { limits, type Conversation, type ServerFrame, type UserStatus } from '@parley/protocol';
import { hasRedis, startRedis, type RedisProcess } from '../src/redis/redis-process.ts';
import { endChildren } from './support/child.ts';
import { startServerNode, temporaryFolder, tokenFor, type ServerNode } from './support/node.ts';
import { TestClient } from './support/client.ts';
import { startServer, type Person, type TestServer } from './support/server.ts';
import { TestSocket } from './support/socket.ts';

if (!hasRedis) console.log('Left out: presence over two servers, as there is no redis-server on the PATH.');

let redis: RedisProcess;
let one: TestServer;
let two: TestServer;

/** Milliseconds: within them a node's death must be seen, whatever else went wrong. */
const noGhostAfter = 30_000;
const patience = { timeout: noGhostAfter + limits.presenceGraceMs };

interface Scene {
  readonly ann: Person;
  readonly bob: Person;
  readonly group: Conversation;
}

async function scene(): Promise<Scene> {
  const [ann, bob] = await Promise.all([one.person(), one.person()]);
  return { ann, bob, group: await ann.group(bob) };
}

const at = (server: TestServer, person: Person): Promise<TestSocket> => server.connect(person.bearer);

async function joined(server: TestServer, person: Person, group: Conversation): Promise<TestSocket> {
  const socket = await at(server, person);
  socket.send({ type: 'join_conversation', conversation_id: group.id, request_id: 'join' });
  await socket.answerTo('join');
  return socket;
}

async function statusOf(server: TestServer, viewer: Person, person: Person): Promise<UserStatus> {
  const client = new TestClient(server.origin, viewer.bearer);
  const { body } = await client.get<{ statuses: UserStatus[] }>(`/api/users/status?user_ids=${person.id}`);
  const [status] = body.statuses;
  if (status === undefined) throw new Error('no status was answered');
  return status;
}

/** What a socket heard of somebody's coming and going. */
const heard = (frames: readonly ServerFrame[], { id }: { id: string }): string[] =>
  frames.flatMap((frame) =>
    frame.type === 'user_status_change' && frame.user_id === id && frame.conversation_id === null
      ? [frame.status]
      : [],
  );

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { ...patience, interval: 50 });

/** Until whatever is under way has come: longer than the grace and a renewal. */
const graceOver = () => new Promise((resolve) => setTimeout(resolve, limits.presenceGraceMs + 4000));

describe.skipIf(!hasRedis)('two nodes', () => {
  beforeAll(async () => {
    redis = await startRedis();
    one = await startServer({ REDIS_URL: redis.url });
    two = await startServer({ REDIS_URL: redis.url, DATABASE_URL: one.databaseUrl });
  }, 30_000);
  afterAll(async () => {
    await endChildren();
    await two.close();
    await one.close();
    await redis.remove();
  }, 30_000);

  describe.concurrent('together', () => {
    test('somebody with two devices on two nodes comes once, and goes when the last has gone', async () => {
      const { ann, bob } = await scene();
      const watching = await at(one, ann);
      const phone = await at(one, bob);
      await watching.next('user_status_change');
      const laptop = await at(two, bob);
      expect(await statusOf(two, ann, bob)).toMatchObject({ status: 'online' });
      phone.close();
      await graceOver();
      expect(heard(watching.frames, bob)).toEqual(['online']);
      expect(await statusOf(one, ann, bob)).toMatchObject({ status: 'online' });
      laptop.close();
      await until(() => expect(heard(watching.frames, bob)).toEqual(['online', 'offline']));
      expect((await statusOf(one, ann, bob)).last_seen_at).not.toBeNull();
    }, 60_000);

    test('who reconnects to another node within the grace never went', async () => {
      const { ann, bob } = await scene();
      const watching = await at(two, ann);
      const first = await at(one, bob);
      await watching.next('user_status_change');
      first.close();
      await first.closed();
      await at(two, bob);
      await graceOver();
      await watching.settled();
      expect(heard(watching.frames, bob)).toEqual(['online']);
    }, 60_000);

    test('a status set by another node shows, and hides, as one set here', async () => {
      const { ann, bob, group } = await scene();
      const watching = await joined(two, ann, group);
      const own = await at(one, bob);
      await watching.next('user_status_change');
      const elsewhere = new TestClient(two.origin, bob.bearer);
      await elsewhere.put('/api/users/status', { status: 'busy' });
      await elsewhere.put('/api/users/status', { status: 'offline' });
      await until(() => expect(heard(watching.frames, bob)).toEqual(['online', 'busy', 'offline']));
      own.send({ type: 'typing_start', conversation_id: group.id });
      expect((await own.settled()).map(({ type }) => type)).not.toContain('error');
      expect(await statusOf(two, ann, bob)).toMatchObject({ status: 'offline', is_typing: false });
      await elsewhere.put('/api/users/status', { status: 'away' });
      own.send({ type: 'typing_start', conversation_id: group.id });
      await watching.next('typing_start');
      expect(heard(watching.frames, bob)).toEqual(['online', 'busy', 'offline', 'away']);
      expect(await statusOf(two, ann, bob)).toMatchObject({ status: 'away', is_typing: true });
    });

    test.each([
      ['the message', (client: TestClient, group: Conversation) => client.say(group.id, 'done')],
      ['saying so', (client: TestClient) => client.put('/api/users/status', { is_typing: false })],
      ['hiding', (client: TestClient) => client.put('/api/users/status', { status: 'offline' })],
    ])('typing on one node ends at once by %s on the other', async (_name, end) => {
      const { ann, bob, group } = await scene();
      const watching = await joined(two, ann, group);
      const own = await at(one, bob);
      own.send({ type: 'typing_start', conversation_id: group.id });
      await watching.next('typing_start');
      const since = Date.now();
      await end(new TestClient(two.origin, bob.bearer), group);
      await watching.next('typing_stop');
      expect(Date.now() - since).toBeLessThan(limits.typingMs - 2000);
      await own.settled();
      expect(watching.frames.filter(({ type }) => type === 'typing_stop')).toHaveLength(1);
    });

    test('a node is killed: nobody types there for ever, its people go once, with when they were last seen', async () => {
      const { ann, group } = await scene();
      const [folder, eve] = await Promise.all([temporaryFolder(), one.person()]);
      await ann.post(`/api/conversations/${group.id}/participants`, { user_id: eve.id });
      const three: ServerNode = await startServerNode({
        REDIS_URL: redis.url,
        DATABASE_URL: one.databaseUrl,
        PARLEY_DATA_DIR: folder.path,
      });
      const [watching, watchingToo] = [await joined(one, ann, group), await joined(two, ann, group)];
      const own = await TestSocket.open(three.origin, await tokenFor(eve.id));
      await watching.next('user_status_change');
      own.send({ type: 'typing_start', conversation_id: group.id });
      await Promise.all([watching.next('typing_start'), watchingToo.next('typing_start')]);
      const killed = Date.now();
      three.child.process.kill('SIGKILL');
      await Promise.all([watching.next('typing_stop'), watchingToo.next('typing_stop')]);
      expect(Date.now() - killed).toBeLessThan(limits.typingMs + 5000);
      await until(() => expect(heard(watching.frames, eve)).toEqual(['online', 'offline']));
      await until(() => expect(heard(watchingToo.frames, eve)).toEqual(['online', 'offline']));
      expect(Date.now() - killed).toBeLessThan(noGhostAfter);
      const { status, last_seen_at: lastSeen } = await statusOf(two, ann, eve);
      expect(status).toBe('offline');
      expect(Math.abs(Date.parse(lastSeen ?? '') - killed)).toBeLessThan(6000);
      await graceOver();
      expect(heard(watching.frames, eve)).toEqual(['online', 'offline']);
      await folder.remove();
    }, 90_000);

    test('a node is restarted: who is on another within the grace never went, and who is not goes', async () => {
      const { ann, bob, group } = await scene();
      const cem = await one.person();
      await ann.post(`/api/conversations/${group.id}/participants`, { user_id: cem.id });
      const ending = await startServer({ REDIS_URL: redis.url, DATABASE_URL: one.databaseUrl });
      const watching = await at(one, ann);
      const [own, lost] = [await at(ending, bob), await at(ending, cem)];
      await until(() => expect(heard(watching.frames, cem)).toEqual(['online']));
      const closing = ending.close();
      await Promise.all([own.closed(), lost.closed()]);
      await at(two, bob);
      await closing;
      await until(() => expect(heard(watching.frames, cem)).toEqual(['online', 'offline']));
      await graceOver();
      expect(heard(watching.frames, bob)).toEqual(['online']);
    }, 90_000);
  });

  test('Redis is flushed, and then restarted: nobody flickers, and who asks is soon told right again', async () => {
    const { ann, bob } = await scene();
    const watching = await at(one, ann);
    await at(two, bob);
    await watching.next('user_status_change');
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.flushAll();
    client.destroy();
    await until(async () => expect(await statusOf(one, ann, bob)).toMatchObject({ status: 'online' }));
    await graceOver();
    expect(heard(watching.frames, bob)).toEqual(['online']);
    await redis.kill();
    await until(async () => expect(await statusOf(one, ann, bob)).toMatchObject({ status: 'offline' }));
    await redis.start();
    await until(async () => expect(await statusOf(one, ann, bob)).toMatchObject({ status: 'online' }));
    await graceOver();
    expect(heard(watching.frames, bob)).toEqual(['online']);
  }, 120_000);
});
