/** Answers and events that cross each other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fetch } from '../src/index.ts';
import { openStage, texts, until, type Stage } from './support/people.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** Lets a test hold back answers that it chooses, and see frames as they arrive. */
function wiretap(holds: (path: string, method: string) => boolean) {
  const answered = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const frames: string[] = [];
  let look = (): void => undefined;
  const fetch: Fetch = async (url, init) => {
    const response = await globalThis.fetch(url, init);
    const { pathname, search } = new URL(url);
    if (!holds(pathname + search, init.method ?? 'GET')) return response;
    // All of it is here, whatever becomes of the connection that it came by.
    const { status, headers } = response;
    const body = await response.arrayBuffer();
    answered.resolve();
    await released.promise;
    return new Response(body, { status, headers });
  };
  class Tapped extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      this.addEventListener('message', ({ data }) => {
        frames.push(String(data));
        look();
      });
    }
  }
  /** Resolves when a frame with this text has arrived. */
  const arrived = (text: string): Promise<void> =>
    new Promise((resolve) => {
      look = () => frames.some((frame) => frame.includes(text)) && resolve();
      look();
    });
  return {
    options: { fetch, WebSocket: Tapped },
    answered: answered.promise,
    release: released.resolve,
    arrived,
  };
}

test('events that arrive while the list is read are applied after it', async () => {
  const bob = await stage.server.person('bob-1');
  const room = await bob.group({ id: 'ann-1' });
  await bob.say(room.id, 'one');
  const tap = wiretap((path) => path.startsWith('/api/conversations?'));
  const parley = stage.client('ann-1', tap.options);
  const connected = parley.connect();
  await tap.answered;
  await bob.say(room.id, 'two');
  await bob.put(`/api/conversations/${room.id}`, { title: 'Renamed' });
  await tap.arrived('Renamed');
  tap.release();
  await connected;
  expect(parley.conversations).toMatchObject([{ title: 'Renamed', last_seq: 2, unread_count: 2 }]);
  const view = parley.conversation(room.id);
  await view.open();
  expect(texts(view)).toEqual(['one', 'two']);
});

test('events that arrive while a conversation is read anew are applied after it', async () => {
  const bob = await stage.server.person('bob-2');
  const room = await bob.group({ id: 'ann-2' });
  await bob.delete(`/api/conversations/${room.id}/participants/ann-2`);
  const tap = wiretap((path) => path === `/api/conversations/${room.id}`);
  const parley = stage.client('ann-2', tap.options);
  await parley.connect();
  const view = parley.conversation(room.id);
  const opened = view.open();
  await bob.post(`/api/conversations/${room.id}/participants`, { user_id: 'ann-2' });
  await tap.answered;
  await bob.say(room.id, 'one');
  await bob.say(room.id, 'two');
  await tap.arrived('"two"');
  tap.release();
  await opened;
  await until(view, ({ messages }) => messages.length === 2);
  expect(texts(view)).toEqual(['one', 'two']);
});

test('a reply that arrives while the page of its parent is read is counted', async () => {
  const bob = await stage.server.person('bob-3');
  const room = await bob.group({ id: 'ann-3' });
  const parent = await bob.say(room.id, 'the parent');
  for (let n = 0; n < 60; n++) await bob.say(room.id, `${n}`);
  const tap = wiretap((path) => path.includes('before_seq'));
  const parley = stage.client('ann-3', tap.options);
  await parley.connect();
  const view = parley.conversation(room.id);
  await view.open();
  const older = view.loadOlder();
  await tap.answered;
  await bob.say(room.id, 'the reply', { reply_to_id: parent.id });
  await until(view, ({ conversation }) => conversation?.last_seq === 62);
  tap.release();
  await older;
  expect(view.messages[0]).toMatchObject({ content: 'the parent', reply_count: 1 });
});

test('an event that comes before the answer to the REST call does not double the message', async () => {
  const bob = await stage.server.person('bob-4');
  const room = await bob.group({ id: 'ann-4' });
  const tap = wiretap((path, method) => method === 'POST' && path.endsWith('/messages'));
  const storageOnly = stage.client('ann-4', tap.options);
  await storageOnly.connect();
  const view = storageOnly.conversation(room.id);
  await view.open();
  // Over REST: as if the socket were away at the moment of sending.
  await stage.cable.cut();
  await until(storageOnly, ({ connection }) => connection.status !== 'live');
  const sent = view.send('once');
  await stage.cable.mend();
  storageOnly.wake();
  await until(storageOnly, ({ connection }) => connection.status === 'live');
  tap.release();
  await sent;
  await until(view, ({ messages }) => messages.every(({ seq }) => seq !== null));
  expect(texts(view)).toEqual(['once']);
});

test('what changes between an early read and the first connection is known after it', async () => {
  const bob = await stage.server.person('bob-5');
  const room = await bob.group({ id: 'ann-5' });
  await bob.say(room.id, 'one');
  let isHeld = true;
  class Held extends WebSocket {
    constructor(url: string, protocols: string[]) {
      if (isHeld) throw new Error('Not yet');
      super(url, protocols);
    }
  }
  const parley = stage.client('ann-5', { WebSocket: Held });
  const connected = parley.connect();
  const view = parley.conversation(room.id);
  await view.open();
  expect(texts(view)).toEqual(['one']);
  const { id } = await bob.say(room.id, 'two');
  await bob.put(`/api/messages/${id}`, { content: 'two, edited' });
  await bob.put(`/api/conversations/${room.id}`, { title: 'Renamed' });
  isHeld = false;
  await connected;
  await until(view, ({ conversation }) => conversation?.title === 'Renamed');
  expect(texts(view)).toEqual(['one', 'two, edited']);
});

test.each([
  ['itself', ''],
  ['its messages', '/messages'],
])('what a catch-up tells while a conversation is read anew (%s) is known after it', async (held, suffix) => {
  const bob = await stage.server.person(`bob, ${held}`);
  const cem = await stage.server.person(`cem, ${held}`);
  const ann = { id: `ann, ${held}` };
  const room = await bob.group(ann, cem);
  await bob.say(room.id, 'before');
  let isBack = false;
  const tap = wiretap((path) => isBack && path === `/api/conversations/${room.id}${suffix}`);
  const parley = stage.client(ann.id, tap.options);
  await parley.connect();
  const view = parley.conversation(room.id);
  await view.open();
  // Who comes back has to read what is there.
  await bob.delete(`/api/conversations/${room.id}/participants/${ann.id}`);
  await until(view, ({ access }) => access === 'removed');
  isBack = true;
  const last = await bob.say(room.id, 'while you were out');
  await bob.post(`/api/conversations/${room.id}/participants`, { user_id: ann.id });
  await tap.answered;
  await stage.cable.cut();
  await until(parley, ({ connection }) => connection.status !== 'live');
  await cem.post(`/api/messages/${last.id}/read`);
  if (suffix !== '') await bob.post(`/api/conversations/${room.id}/participants`, { user_id: 'dan' });
  await stage.cable.mend();
  parley.wake();
  await until(parley, ({ connection }) => connection.status === 'live');
  tap.release();
  // What is told now waits until all is read.
  await bob.say(room.id, 'after');
  await until(view, (shown) => texts(shown).includes('after'));
  const { participants } = await parley.api.getConversation(room.id);
  const marks = participants.map(({ last_read_seq }) => last_read_seq);
  expect(marks).toEqual(suffix === '' ? [3, 2, 2] : [3, 2, 2, 2]);
  expect(view.getSnapshot().participants.map(({ last_read_seq }) => last_read_seq)).toEqual(marks);
  expect(texts(view)).toEqual(['before', 'while you were out', 'after']);
});

test('somebody who leaves while the page with them is read is not shown', async () => {
  const bob = await stage.server.person('bob-8');
  const others = Array.from({ length: 130 }, (_, n) => ({ id: `person ${n}` }));
  const room = await bob.group({ id: 'ann-8' }, ...others);
  const tap = wiretap((path) => path.startsWith(`/api/conversations/${room.id}/participants`));
  const parley = stage.client('ann-8', tap.options);
  await parley.connect();
  const view = parley.conversation(room.id);
  const opened = view.open();
  await tap.answered;
  await bob.delete(`/api/conversations/${room.id}/participants/person 120`);
  await bob.delete(`/api/conversations/${room.id}/participants/person 5`);
  await bob.post(`/api/conversations/${room.id}/participants`, { user_id: 'new' });
  await tap.arrived('"new"');
  tap.release();
  await opened;
  const { participants } = await until(view, (shown) => shown.participants.length === 131);
  const all: string[] = [];
  for await (const { user_id } of parley.api.listParticipants(room.id)) all.push(user_id);
  expect(participants.map(({ user_id }) => user_id)).toEqual(all);
});

test('a status that is told while it is asked for is the one that counts', async () => {
  const bob = await stage.server.person('bob-9');
  const room = await bob.group({ id: 'ann-9' });
  const tap = wiretap((path) => path.startsWith('/api/users/status'));
  const parley = stage.client('ann-9', tap.options);
  await parley.connect();
  await parley.conversation(room.id).open();
  const watched = parley.watchStatuses([bob.id]);
  await tap.answered;
  const other = stage.client(bob.id);
  await other.connect();
  await tap.arrived('"online"');
  tap.release();
  await watched;
  expect(parley.getSnapshot().statuses.get(bob.id)?.status).toBe('online');
});
