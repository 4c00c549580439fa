/** Tabs, storage and catch-ups at the edges of what they can do. */
import { BroadcastChannel } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryStorage, type Fetch, type ParleyOptions } from '../src/index.ts';
import { shareBy, type Channel, type Locks } from '../src/tabs.ts';
import { openStage, texts, until, type Stage } from './support/people.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
const { locks } = navigator as unknown as { locks: Locks };
const Channels = BroadcastChannel as unknown as new (name: string) => Channel;
const apis = { locks, BroadcastChannel: Channels };

const tab = (name: string, storage = memoryStorage()) =>
  stage.client(name, { share: shareBy(apis), storage });

test('a tab without the socket stays live when somebody looks at it, or opens another one', async () => {
  const first = tab('w1');
  await first.connect();
  const second = tab('w1');
  await second.connect();
  const told: string[] = [];
  second.on('connection', ({ status }) => told.push(status));
  second.wake();
  const third = tab('w1');
  await third.connect();
  const group = await first.createConversation({ type: 'group', participant_ids: ['bob'] });
  await until(second, ({ conversations }) => conversations.some(({ id }) => id === group.id));
  expect(told).toEqual([]);
  expect(second.getSnapshot().connection.status).toBe('live');
});

test('where locks are refused, as in an embedded page without storage, it connects by itself', async () => {
  let asked = 0;
  const refusing: Locks = {
    async request() {
      if (++asked > 50) return new Promise(() => undefined);
      throw new DOMException('Access is denied', 'SecurityError');
    },
  };
  const parley = stage.client('w2', { share: shareBy({ locks: refusing, BroadcastChannel: Channels }) });
  await parley.connect();
  expect(asked).toBe(1);
  await parley.close();
  expect(parley.getSnapshot().connection.status).toBe('closed');
});

test('a tab that was opened earlier retries what a later one could not send', async () => {
  const storage = memoryStorage();
  const leader = tab('w3', storage);
  await leader.connect();
  const older = tab('w3', storage);
  await older.connect();
  const younger = tab('w3', storage);
  await younger.connect();
  const group = await younger.createConversation({ type: 'group', participant_ids: ['bob'] });
  const theirs = older.conversation(group.id);
  await theirs.open();
  await expect(group.send({ content: 'x', reply_to_id: 'nothing' })).rejects.toThrow();
  await until(theirs, ({ messages }) => messages[0]?.status === 'failed');
  const again = theirs.retry({ client_id: theirs.messages[0]?.id ?? '' });
  await expect(again).rejects.toMatchObject({ code: 'reply_not_found' });
});

test('who is removed and comes back while it is open sees its messages again', async () => {
  const bob = await stage.server.person('w4b');
  const room = await bob.group({ id: 'w4' });
  for (let n = 0; n < 5; n++) await bob.say(room.id, `${n}`);
  const parley = stage.client('w4');
  await parley.connect();
  const view = parley.conversation(room.id);
  await view.open();
  await bob.delete(`/api/conversations/${room.id}/participants/w4`);
  await until(view, ({ access }) => access === 'removed');
  await bob.post(`/api/conversations/${room.id}/participants`, { user_id: 'w4' });
  await until(view, ({ access }) => access === 'member');
  await until(view, ({ isLoaded }) => isLoaded);
  expect(texts(view)).toHaveLength(5);
});

test('what was refused in an empty conversation stays at its beginning when others write', async () => {
  const bob = await stage.server.person('w7b');
  const room = await bob.group({ id: 'w7' });
  await bob.put(`/api/conversations/${room.id}/participants/w7`, { is_muted: true });
  const parley = stage.client('w7');
  await parley.connect();
  const view = parley.conversation(room.id);
  await view.open();
  await expect(view.send('refused')).rejects.toMatchObject({ code: 'muted' });
  await bob.say(room.id, 'first');
  await until(view, ({ messages }) => messages.some(({ content }) => content === 'first'));
  expect(texts(view)).toEqual(['refused', 'first']);
});

test('a place that the server does not know is let go of, and everything is listed anew', async () => {
  const bob = await stage.server.person('w8b');
  await bob.group({ id: 'w8' });
  const storage = memoryStorage();
  await storage.save(
    `${stage.url} w8`,
    new Map([['place', { format: 1, cursor: 'of-another-server', isWhole: true }]]),
  );
  const parley = stage.client('w8', { storage });
  void parley.connect();
  await until(parley, ({ connection }) => connection.status === 'live');
  expect(parley.conversations).toHaveLength(1);
});

test('what is told again is the same objects as before', async () => {
  const ann = await stage.server.person('w9');
  const { body } = await ann.get<{ cursor: string }>('/api/sync');
  const bob = await stage.server.person('w9b');
  const room = await bob.group({ id: 'w9' });
  await bob.say(room.id, 'hello');
  let resumed = 0;
  /** From where on is for the server to choose: a transaction that is long under way holds it back. */
  class Repeating extends WebSocket {
    override send(data: string): void {
      const frame = JSON.parse(data) as { type: string };
      if (frame.type === 'resume') resumed++;
      super.send(frame.type === 'resume' ? JSON.stringify({ ...frame, cursor: body.cursor }) : data);
    }
  }
  const socket = Repeating as unknown as NonNullable<ParleyOptions['WebSocket']>;
  const parley = stage.client('w9', { WebSocket: socket });
  await parley.connect();
  const view = parley.conversation(room.id);
  await view.open();
  const [before, shown] = [parley.getSnapshot(), view.getSnapshot()];
  await stage.cable.cut();
  await until(parley, ({ connection }) => connection.status === 'waiting');
  await stage.cable.mend();
  parley.wake();
  await until(parley, ({ connection }) => connection.status === 'live');
  expect(resumed).toBe(1);
  expect(parley.conversations).toBe(before.conversations);
  expect(view.getSnapshot()).toBe(shown);
});

test.each([403, 404])('a page of a proxy, with %i, takes no conversation away', async (status) => {
  const name = `w10-${status}`;
  const bob = await stage.server.person(`${name}b`);
  const room = await bob.group({ id: name });
  // One that is not listed: it is read when it is opened.
  await bob.put(`/api/conversations/${room.id}`, { is_archived: true });
  let isFirst = true;
  const fetch: Fetch = async (url, init) => {
    if (!url.endsWith(room.id) || !isFirst) return globalThis.fetch(url, init);
    isFirst = false;
    return new Response('<h1>Sign in to this network</h1>', { status });
  };
  const parley = stage.client(name, { fetch });
  await parley.connect();
  const view = parley.conversation(room.id);
  const seen = new Set<string>();
  view.subscribe(() => seen.add(view.getSnapshot().access));
  void view.open();
  await until(view, ({ access }) => access === 'member');
  expect(isFirst).toBe(false);
  expect([...seen]).not.toContainEqual(expect.stringMatching(/removed|deleted/));
});

test('signing out after the connection was closed forgets what was kept', async () => {
  const storage = memoryStorage();
  const parley = stage.client('w11', { storage });
  await parley.connect();
  await parley.createConversation({ type: 'group', participant_ids: ['bob'] });
  await parley.close();
  expect((await storage.load(`${stage.url} w11`)).size).toBeGreaterThan(0);
  await parley.close({ forget: true });
  expect((await storage.load(`${stage.url} w11`)).size).toBe(0);
});

test('what is sent is what it was when it was sent', async () => {
  const bob = await stage.server.person('w12b');
  const room = await bob.group({ id: 'w12' });
  const parley = stage.client('w12');
  const metadata = { color: 'red' };
  const sent = parley.conversation(room.id).send({ content: 'x', metadata });
  metadata.color = 'blue';
  await parley.connect();
  expect((await sent).metadata).toEqual({ color: 'red' });
});

test('a jump to a message of a conversation that is not held yet reads it', async () => {
  const bob = await stage.server.person('w13b');
  const room = await bob.group({ id: 'w13' });
  const { id } = await bob.say(room.id, 'here');
  await bob.put(`/api/conversations/${room.id}`, { is_archived: true });
  const parley = stage.client('w13');
  const connected = parley.connect();
  const view = parley.conversation(room.id);
  expect(await view.jumpTo(id)).toBe(true);
  expect(texts(view)).toEqual(['here']);
  expect(await parley.conversation('none').jumpTo(id)).toBe(false);
  await connected;
});

test('what was read in hundreds of conversations without a connection is told without being taken for a flood', async () => {
  const memory = memoryStorage();
  const scope = `${stage.url} w14`;
  const marks = Array.from({ length: 220 }, (_, n) => [`r:${n}`, { seq: 1, id: `message-${n}` }] as const);
  await memory.save(scope, new Map(marks));
  const told = Promise.withResolvers<void>();
  const save: typeof memory.save = async (...all) => {
    await memory.save(...all);
    if (![...(await memory.load(scope)).keys()].some((key) => key.startsWith('r:'))) told.resolve();
  };
  const parley = stage.client('w14', { storage: { ...memory, save } });
  const states: string[] = [];
  parley.on('connection', ({ status }) => states.push(status));
  await parley.connect();
  await told.promise;
  expect(states).toEqual(['connecting', 'catching_up', 'live']);
}, 20_000);

test('a list that could not be read after a reset is read again, and no conversation is missing', async () => {
  const bob = await stage.server.person('w5b');
  await bob.group({ id: 'w5' });
  const storage = memoryStorage();
  const first = stage.client('w5', { storage });
  await first.connect();
  await first.close();
  const scope = `${stage.url} w5`;
  const place = (await storage.load(scope)).get('place') as { cursor: string };
  const values = JSON.parse(Buffer.from(place.cursor, 'base64url').toString()) as unknown[];
  // Of another database: it was restored from a backup.
  const cursor = Buffer.from(JSON.stringify([9, ...values.slice(1)])).toString('base64url');
  await storage.save(scope, new Map([['place', { ...place, cursor }]]));
  let isFirst = true;
  const fetch: Fetch = async (url, init) => {
    if (!url.includes('/api/conversations?') || !isFirst) return globalThis.fetch(url, init);
    isFirst = false;
    return new Response('', { status: 502 });
  };
  const parley = stage.client('w5', { storage, fetch });
  await parley.connect();
  expect(isFirst).toBe(false);
  expect(parley.conversations).toHaveLength(1);
});

test('what a full storage did not take is kept with the next write, so that no message is missing after a reload', async () => {
  const bob = await stage.server.person('w6b');
  const [a, b] = [await bob.group({ id: 'w6' }), await bob.group({ id: 'w6' })];
  const storage = memoryStorage();
  let isFull = false;
  const [written, failed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const save: typeof storage.save = async (scope, changes) => {
    if (isFull) failed.resolve();
    else await storage.save(scope, changes);
    written.resolve();
    if (isFull) throw new Error('The quota is used up');
  };
  const parley = stage.client('w6', { storage: { ...storage, save } });
  await parley.connect();
  await written.promise;
  isFull = true;
  await bob.say(a.id, 'unlucky');
  await until(parley, ({ unread }) => unread.messages === 1);
  await failed.promise;
  isFull = false;
  await bob.say(b.id, 'lucky');
  await until(parley, ({ unread }) => unread.messages === 2);
  await parley.close();
  const kept = [...(await storage.load(`${stage.url} w6`)).values()];
  expect(JSON.stringify(kept)).toContain('unlucky');
});

test('who waits for a message is told when the client is closed, and it arrives after the next connect, once', async () => {
  const ann = stage.client('w-closing');
  await ann.connect();
  const group = await ann.createConversation({ type: 'group', participant_ids: ['bob'] });
  const view = ann.conversation(group.id);
  await view.open();
  const underWay = view.send('under way');
  const told = underWay.catch((error: unknown) => error);
  await ann.close();
  expect(await told).toMatchObject({ code: 'closed' });
  await ann.connect();
  await until(view, () => texts(view).includes('under way'));
  await expect.poll(() => view.getSnapshot().messages.map(({ status }) => status)).toEqual(['sent']);
  expect(texts(view)).toEqual(['under way']);
  await ann.close();
});

test('what was asked for before the first connect ends when the client is closed instead', async () => {
  const parley = stage.client('w-never');
  const waiting = parley
    .conversation('x')
    .send('hello')
    .catch((error: unknown) => error);
  await parley.close();
  expect(await waiting).toMatchObject({ code: 'closed' });
});
