/** What networks, servers, tokens and reloads do to clients. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../../server/test/support/postgres.ts';
import { endChildren } from '../../server/test/support/child.ts';
import { startServerNode, temporaryFolder, tokenFor } from '../../server/test/support/node.ts';
import { startServer } from '../../server/test/support/server.ts';
import { createParley, memoryStorage, type Parley } from '../src/index.ts';
import { startCable } from './support/cable.ts';
import { openStage, quick, texts, until, type Stage } from './support/people.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
  await endChildren();
});

let count = 0;
/** Ann behind the cable, and Bob with a line of his own. */
async function two(options = {}) {
  const [ann, bob] = [`ann-${++count}`, `bob-${count}`];
  const a = stage.client(ann, options);
  const b = stage.client(bob, { url: stage.server.origin });
  await Promise.all([a.connect(), b.connect()]);
  const group = await a.createConversation({ type: 'group', title: 'Lunch', participant_ids: [bob] });
  await group.open();
  await until(b, ({ conversations }) => conversations.length === 1);
  const theirs = b.conversation(group.id);
  await theirs.open();
  return { ann, bob, a, b, group, theirs };
}

const live = (parley: Parley) => until(parley, ({ connection }) => connection.status === 'live');
const away = (parley: Parley) => until(parley, ({ connection }) => connection.status !== 'live');

test('an answer that is lost with the connection: the message is there once', async () => {
  const { a, group, theirs } = await two();
  const lost = stage.cable.loseAnswer();
  const sent = group.send('Is anybody there?');
  await lost;
  const { seq } = await sent;
  expect(seq).toBe(1);
  await live(a);
  await until(theirs, ({ messages }) => messages.length === 1);
  await group.send('Yes?');
  await until(theirs, ({ messages }) => messages.length === 2);
  expect(texts(theirs)).toEqual(['Is anybody there?', 'Yes?']);
  await until(group, ({ messages }) => messages.every((each) => each.seq !== null));
  expect(texts(group)).toEqual(['Is anybody there?', 'Yes?']);
});

test('the network is cut and comes back: what both said meanwhile is there, in one order', async () => {
  const { a, b, group, theirs } = await two();
  const told: string[] = [];
  a.on('new_message', ({ message }) => told.push(message.content));
  await group.send('one');
  await stage.cable.cut();
  await away(a);
  const sent = [group.send('from ann 1'), group.send('from ann 2')];
  await theirs.send('from bob 1');
  await theirs.send('from bob 2');
  expect(group.messages.slice(1)).toMatchObject([{ status: 'sending' }, { status: 'sending' }]);
  await stage.cable.mend();
  a.wake();
  await Promise.all(sent);
  await live(a);
  await until(theirs, ({ messages }) => messages.length === 5);
  await until(group, ({ messages }) => messages.length === 5 && messages.every(({ seq }) => seq !== null));
  expect(texts(group)).toEqual(texts(theirs));
  expect(new Set(texts(group)).size).toBe(5);
  // Told of each once, those missed included.
  expect(told.toSorted()).toEqual(texts(group).toSorted());
  expect(b.getSnapshot().connection.status).toBe('live');
});

test('a connection on which nothing comes through is noticed and replaced', async () => {
  const { a, group, theirs } = await two({ timing: { ...quick, silence: 100, patience: 200 } });
  stage.cable.freeze();
  const sent = group.send('hello?');
  await away(a);
  await stage.cable.cut();
  // Nobody was too fast.
  expect(group.messages).toMatchObject([{ status: 'sending', retryAt: null }]);
  await stage.cable.mend();
  await sent;
  await until(theirs, ({ messages }) => messages.length === 1);
  await live(a);
  expect(texts(group)).toEqual(['hello?']);
});

test('the server is killed and started again', async () => {
  const [database, folder] = await Promise.all([createDatabase(), temporaryFolder()]);
  const env = { DATABASE_URL: database.url, PARLEY_DATA_DIR: folder.path };
  const first = await startServerNode(env);
  const cable = await startCable(first.origin);
  const client = (name: string) =>
    createParley({ url: cable.url, getToken: () => tokenFor(name), timing: quick });
  const [a, b] = [client('ann'), client('bob')];
  await Promise.all([a.connect(), b.connect()]);
  const group = await a.createConversation({ type: 'direct', participant_ids: ['bob'] });
  await until(b, ({ conversations }) => conversations.length === 1);
  const theirs = b.conversation(group.id);
  await theirs.open();
  await group.send('before');
  first.child.process.kill('SIGKILL');
  await Promise.all([away(a), away(b)]);
  const sent = group.send('during');
  const second = await startServerNode(env);
  cable.leadTo(second.origin);
  await sent;
  await Promise.all([live(a), live(b)]);
  await group.send('after');
  await until(theirs, ({ messages }) => messages.length === 3);
  expect(texts(theirs)).toEqual(['before', 'during', 'after']);
  await Promise.all([a.close(), b.close()]);
  await cable.cut();
  second.child.process.kill('SIGKILL');
  await second.child.ended;
  await database.drop();
  await folder.remove();
});

test('a token is replaced before it expires, on the same connection', async () => {
  const name = `short-${++count}`;
  const third = Promise.withResolvers<void>();
  let asked = 0;
  const parley = stage.client(name, {
    getToken: () => {
      if (++asked === 3) third.resolve();
      return stage.server.token({ sub: name, exp: Math.floor(Date.now() / 1000) + 2 });
    },
  });
  const states: string[] = [];
  await parley.connect();
  parley.on('connection', ({ status }) => states.push(status));
  await third.promise;
  await parley.api.getStatuses([name]);
  expect(states).toEqual([]);
});

test('a refused token ends trying until there is another one', async () => {
  const name = `refused-${++count}`;
  let token = await stage.server.token({ sub: name, exp: Math.floor(Date.now() / 1000) - 60 });
  const parley = stage.client(name, { getToken: () => token });
  await expect(parley.connect()).rejects.toMatchObject({ status: 401 });
  expect(parley.getSnapshot().connection.status).toBe('refused');
  token = await stage.server.token({ sub: name });
  await parley.connect();
});

test('a reload with unsent messages: they show at once, and are sent in their order', async () => {
  const storage = memoryStorage();
  const { a, ann, group, theirs } = await two({ storage });
  await group.send('one');
  await until(group, ({ messages }) => messages[0]?.seq === 1);
  await stage.cable.cut();
  await away(a);
  for (const content of ['two', 'three']) void group.send(content);
  await a.close();
  const again = stage.client(ann, { storage });
  const connected = again.connect();
  const shown = again.conversation(group.id);
  await until(shown, ({ messages }) => messages.length === 3);
  expect(texts(shown)).toEqual(['one', 'two', 'three']);
  expect(shown.messages[1]).toMatchObject({ status: 'sending' });
  expect(again.conversations[0]?.title).toBe('Lunch');
  expect(again.getSnapshot().connection.status).not.toBe('live');
  await theirs.send('meanwhile');
  await stage.cable.mend();
  again.wake();
  await connected;
  await until(theirs, ({ messages }) => messages.length === 4);
  await until(shown, ({ messages }) => messages.length === 4 && messages.every(({ seq }) => seq !== null));
  expect(texts(shown)).toEqual(texts(theirs));
  expect(texts(shown).filter((content) => content !== 'meanwhile')).toEqual(['one', 'two', 'three']);
  await again.close();
  const kept = await storage.load(`${stage.url} ${ann}`);
  expect([...kept.keys()].filter((key) => key.startsWith('o:'))).toEqual([]);
  await again.close({ forget: true });
});

test('signing out forgets what was kept', async () => {
  const storage = memoryStorage();
  const { a, ann, group } = await two({ storage });
  await group.send('one');
  await a.close({ forget: true });
  expect((await storage.load(`${stage.url} ${ann}`)).size).toBe(0);
  expect(a.conversations).toEqual([]);
});

test('a limit is waited out as the server says', async () => {
  const server = await startServer({ RATE_LIMITS: '{"message_send": {"student": [2, 1]}}' });
  const parley = createParley({ url: server.origin, getToken: () => server.token({ sub: 'ann' }) });
  await parley.connect();
  const group = await parley.createConversation({ type: 'group', participant_ids: ['bob'] });
  await Promise.all([group.send('one'), group.send('two')]);
  const sent = group.send('three');
  const waiting = await until(group, ({ messages }) => {
    const last = messages.at(-1);
    return last?.status === 'sending' && last.retryAt !== null;
  });
  expect(waiting.messages.at(-1)?.content).toBe('three');
  expect((await sent).seq).toBe(3);
  await parley.close();
  await server.close();
});

test('what is read without a connection counts at once, and is told later', async () => {
  const { a, group, theirs } = await two();
  await theirs.send('hello');
  await until(group, ({ messages }) => messages.length === 1);
  await stage.cable.cut();
  await away(a);
  group.markRead();
  expect(a.getSnapshot().unread.messages).toBe(0);
  await stage.cable.mend();
  a.wake();
  await until(theirs, ({ messages }) => messages[0]?.status === 'read');
  expect(a.getSnapshot().unread.messages).toBe(0);
});

test('connecting, closing and connecting again at once leaves one connection', async () => {
  const name = `strict-${++count}`;
  const parley = stage.client(name);
  const first = parley.connect();
  void parley.close();
  await expect(first).rejects.toMatchObject({ code: 'closed' });
  await parley.connect();
  const person = await stage.server.person(name);
  const group = await person.group();
  await until(parley, ({ conversations }) => conversations.length === 1);
  const view = parley.conversation(group.id);
  await view.open();
  await parley.close();
  expect(view.getSnapshot().messages).toEqual([]);
  await parley.connect();
  await person.say(group.id, 'still here');
  await until(view, ({ messages }) => messages.length === 1);
});

test("somebody else's token is not used for what is known of the one before", async () => {
  const [ann, bob] = [`ann-${++count}`, `bob-${count}`];
  const parley = stage.client(ann, { userId: ann, getToken: () => stage.server.token({ sub: bob }) });
  await expect(parley.connect()).rejects.toMatchObject({ code: 'invalid_token', status: 401 });
});

test('of a group of 150 everybody is known once it is open; of one of 250, as far as was asked for', async () => {
  const host = await stage.server.person(`host-${++count}`);
  const people = (n: number) => Array.from({ length: n - 1 }, (_, each) => ({ id: `p${count}-${each}` }));
  const [middle, large] = [await host.group(...people(150)), await host.group(...people(250))];
  const parley = stage.client(host.id);
  await parley.connect();
  const [one, two] = [parley.conversation(middle.id), parley.conversation(large.id)];
  await Promise.all([one.open(), two.open()]);
  expect(one.getSnapshot().participants).toHaveLength(150);
  expect(two.getSnapshot().participants).toHaveLength(100);
  while (await two.loadParticipants());
  expect(new Set(two.getSnapshot().participants.map(({ user_id }) => user_id)).size).toBe(250);
});
