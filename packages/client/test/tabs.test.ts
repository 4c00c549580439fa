/** Several tabs of one browser, with one socket. Node has both web APIs. */
import { BroadcastChannel } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Parley } from '../src/index.ts';
import { memoryStorage } from '../src/index.ts';
import { shareBy, type Channel, type Locks } from '../src/tabs.ts';
import { openStage, texts, until, type Stage } from './support/people.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const { locks } = navigator as unknown as { locks: Locks };
const apis = { locks, BroadcastChannel: BroadcastChannel as unknown as new (name: string) => Channel };

let count = 0;
const sockets: WebSocket[] = [];
class CountedWebSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    sockets.push(this);
  }
}
const open = () => sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;

async function tabs(number: number): Promise<{ ann: string; all: Parley[] }> {
  const ann = `ann-${++count}`;
  const options = { share: shareBy(apis), storage: memoryStorage(), WebSocket: CountedWebSocket };
  sockets.length = 0;
  const all: Parley[] = [];
  for (let n = 0; n < number; n++) {
    const tab = stage.client(ann, options);
    all.push(tab);
    await tab.connect();
  }
  return { ann, all };
}

test('tabs share one socket, and each sees and does everything', async () => {
  const { all } = await tabs(3);
  const [first, second, third] = all as [Parley, Parley, Parley];
  expect(sockets).toHaveLength(1);
  const group = await second.createConversation({ type: 'group', title: 'Tabs', participant_ids: ['bob'] });
  for (const tab of all) await until(tab, ({ conversations }) => conversations.length === 1);
  const views = all.map((tab) => tab.conversation(group.id));
  await Promise.all(views.map((view) => view.open()));
  const told: string[] = [];
  first.on('new_message', ({ message }) => told.push(message.content));
  await Promise.all(views.map((view, n) => view.send(`from tab ${n}`)));
  for (const view of views)
    await until(view, ({ messages }) => messages.length === 3 && messages.every(({ seq }) => seq !== null));
  expect(texts(views[0] ?? group)).toEqual(texts(views[2] ?? group));
  expect(told).toHaveLength(3);
  const bob = stage.client('bob');
  await bob.connect();
  const theirs = bob.conversation(group.id);
  await theirs.open();
  for (const view of [views[1], views[2]]) {
    theirs.typing();
    await until(view ?? group, ({ typing }) => typing[0] === 'bob');
  }
  expect(open()).toBe(1);
  await third.close();
});

test('when the tab with the socket is closed another one takes over, and misses nothing', async () => {
  const { ann, all } = await tabs(2);
  const [first, second] = all as [Parley, Parley];
  const group = await first.createConversation({ type: 'group', participant_ids: ['bob'] });
  const view = second.conversation(group.id);
  await view.open();
  const person = await stage.server.person(ann);
  await person.say(group.id, 'one');
  await until(view, ({ messages }) => messages.length === 1);
  const closing = first.close();
  await person.say(group.id, 'two');
  await closing;
  await person.say(group.id, 'three');
  await until(view, ({ messages }) => messages.length === 3);
  await view.send('four');
  expect(open()).toBe(1);
  expect(texts(view)).toEqual(['one', 'two', 'three', 'four']);
});

test('a lost connection of the one tab is a lost connection of all, and all catch up', async () => {
  const { ann, all } = await tabs(2);
  const [first, second] = all as [Parley, Parley];
  const group = await first.createConversation({ type: 'group', participant_ids: ['bob'] });
  const view = second.conversation(group.id);
  await view.open();
  await stage.cable.cut();
  await until(second, ({ connection }) => connection.status === 'waiting');
  const person = await stage.server.person(ann);
  for (const content of ['one', 'two']) await person.say(group.id, content);
  const sent = view.send('three');
  await stage.cable.mend();
  second.wake();
  first.wake();
  await sent;
  await until(view, ({ messages }) => messages.length === 3 && messages.every(({ seq }) => seq !== null));
  expect(texts(view)).toEqual(['one', 'two', 'three']);
});

test('a tab that holds the socket and does not answer is replaced', async () => {
  const ann = `ann-${++count}`;
  const name = `parley ${stage.url} ${ann}`;
  const lost = Promise.withResolvers<void>();
  // A tab that hangs: it has the lock and never says a word.
  locks.request(name, {}, () => new Promise(() => undefined)).catch(() => lost.resolve());
  const parley = stage.client(ann, { share: shareBy(apis) });
  await parley.connect();
  await lost.promise;
  expect(parley.getSnapshot().connection.status).toBe('live');
});

test('what one tab could not send shows in the others, and any of them retries or discards it', async () => {
  const { all } = await tabs(3);
  const [, second, third] = all as [Parley, Parley, Parley];
  const group = await second.createConversation({ type: 'group', participant_ids: ['bob'] });
  const views = all.map((tab) => tab.conversation(group.id));
  const [mine, other] = [second.conversation(group.id), third.conversation(group.id)];
  await Promise.all(views.map((view) => view.open()));
  const refused = mine.send({ content: 'x', reply_to_id: 'nothing' });
  await expect(refused).rejects.toMatchObject({ code: 'reply_not_found' });
  for (const view of views) await until(view, ({ messages }) => messages[0]?.status === 'failed');
  const again = other.retry({ client_id: other.messages[0]?.id ?? '' });
  await expect(again).rejects.toMatchObject({ code: 'reply_not_found' });
  for (const view of views) await until(view, ({ messages }) => messages[0]?.status === 'failed');
  other.discard({ client_id: other.messages[0]?.id ?? '' });
  for (const view of views) await until(view, ({ messages }) => messages.length === 0);
});

test('what was unsent in a tab that is closed is sent by another one', async () => {
  const { ann, all } = await tabs(2);
  const [first, second] = all as [Parley, Parley];
  const group = await first.createConversation({ type: 'group', participant_ids: ['bob'] });
  const view = first.conversation(group.id);
  await view.open();
  await stage.cable.cut();
  await until(second, ({ connection }) => connection.status === 'waiting');
  void second.conversation(group.id).send('from the second');
  await until(view, ({ messages }) => messages.length === 1);
  await second.close();
  await stage.cable.mend();
  first.wake();
  await until(view, ({ messages }) => messages[0]?.seq === 1);
  const { body } = await (
    await stage.server.person(ann)
  ).get<{ messages: unknown[] }>(`/api/conversations/${group.id}/messages`);
  expect(body.messages).toHaveLength(1);
});
