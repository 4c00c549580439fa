/** Coming back over a WebSocket: what was missed, and then what happens, without a gap and without a step back. */
import type { Message, SyncAnswer } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type Person, type TestServer } from './support/server.ts';
import type { TestSocket } from './support/socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

async function pair(): Promise<{ ada: Person; bob: Person; id: string }> {
  const [ada, bob] = await Promise.all([server.person(), server.person()]);
  return { ada, bob, id: (await ada.group(bob)).id };
}

/**
 * Ends a connection, and answers a cursor after everything so far: transactions of other tests on the same Postgres hold
 * the horizon back, and what is told twice then is no fault.
 */
async function leave(person: Person, socket: TestSocket): Promise<string> {
  socket.close();
  await socket.closed();
  let { body } = await person.get<SyncAnswer>('/api/sync');
  do ({ body } = await person.get<SyncAnswer>(`/api/sync?cursor=${body.cursor}`));
  while (body.conversations.length > 0);
  return body.cursor;
}

test('what was missed comes first, then what happens', async () => {
  const { ada, bob, id } = await pair();
  const cursor = await leave(bob, await bob.connect());
  const missed = await ada.say(id, 'while you were away');
  const socket = await bob.connect();
  socket.send({ type: 'resume', cursor, request_id: 'r' });
  const sync = await socket.next('sync');
  expect(sync).toMatchObject({ request_id: 'r', has_more: false, reset: false });
  expect(sync.conversations[0]?.messages).toEqual([missed]);
  const live = await ada.say(id, 'now');
  expect((await socket.next('new_message')).message.id).toBe(live.id);
  const events = (await socket.settled()).filter(({ type }) => type === 'new_message');
  expect(events).toHaveLength(1);
  socket.close();
});

test('a resume that is sent before the first frame arrived is answered after it', async () => {
  const { ada, bob, id } = await pair();
  const cursor = await leave(bob, await bob.connect());
  await ada.say(id, 'missed');
  const socket = await bob.connect({ onOpen: (send) => send({ type: 'resume', cursor }) });
  await socket.next('sync');
  expect(socket.frames.slice(0, 2).map(({ type }) => type)).toEqual(['connected', 'sync']);
  socket.close();
});

test('under a stream of sends, every reconnection has each message once and none goes back', async () => {
  const { ada, bob, id } = await pair();
  let cursor = await leave(bob, await bob.connect());
  const total = 300;
  const sending = (async () => {
    for (let index = 0; index < total; index += 3)
      await Promise.all([0, 1, 2].map((more) => ada.say(id, String(index + more))));
  })();
  const state = new Map<string, Message>();
  let seen = 0;
  while (seen < total) {
    const socket = await bob.connect();
    socket.send({ type: 'resume', cursor });
    const sync = await socket.next('sync');
    await Promise.race([socket.next('new_message').catch(() => null), sending]);
    socket.close();
    await socket.closed();
    const after = socket.frames.slice(socket.frames.indexOf(sync) + 1);
    // Before the answer a client has events that its state may have no place for yet; after it there is no gap.
    for (const entry of sync.conversations) {
      for (const message of entry.messages) state.set(message.id, message);
      seen = entry.version - 1;
    }
    for (const frame of after) {
      if (frame.type !== 'new_message') continue;
      expect(frame.message.seq).toBe(seen + 1);
      expect(state.has(frame.message.id)).toBe(false);
      state.set(frame.message.id, frame.message);
      seen = frame.message.seq;
    }
    ({ cursor } = sync);
  }
  await sending;
  expect([...state.values()].map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: total }, (_, index) => index + 1),
  );
});

test('more than fits into one page follows by itself, and events wait for the last', async () => {
  const { ada, bob } = await pair();
  const groups = await Promise.all(Array.from({ length: 110 }, () => ada.group(bob)));
  const cursor = await leave(bob, await bob.connect());
  await Promise.all(groups.map(({ id }) => ada.say(id, 'hello')));
  const socket = await bob.connect();
  socket.send({ type: 'resume', cursor });
  const pages = [await socket.next('sync'), await socket.next('sync')];
  expect(pages.map((page) => [page.conversations.length, page.has_more])).toEqual([
    [100, true],
    [10, false],
  ]);
  socket.close();
});

test('messages that a resume brings are delivered: their sender sees it', async () => {
  const { ada, bob, id } = await pair();
  const cursor = await leave(bob, await bob.connect());
  const ofAda = await ada.connect();
  await ada.say(id, 'are you there?');
  const socket = await bob.connect();
  socket.send({ type: 'resume', cursor });
  expect(await ofAda.next('message_delivered')).toMatchObject({ user_id: bob.id, last_seq: 1 });
  socket.close();
  ofAda.close();
});

test('a cursor that is none is refused by an error, and events go on', async () => {
  const { ada, bob, id } = await pair();
  const socket = await bob.connect();
  socket.send({ type: 'resume', cursor: 'nonsense', request_id: 'bad' });
  expect(await socket.answerTo('bad')).toMatchObject({ type: 'error', code: 'validation_failed' });
  const { id: messageId } = await ada.say(id, 'still here');
  expect((await socket.next('new_message')).message.id).toBe(messageId);
  socket.close();
});

test('who was taken out meanwhile is told so, and hears nothing of it', async () => {
  const { ada, bob, id } = await pair();
  const cursor = await leave(bob, await bob.connect());
  await ada.delete(`/api/conversations/${id}/participants/${bob.id}`);
  const socket = await bob.connect();
  socket.send({ type: 'resume', cursor });
  expect(await socket.next('sync')).toMatchObject({ conversations: [], removed: [{ conversation_id: id }] });
  await ada.say(id, 'not for him');
  expect((await socket.settled()).filter(({ type }) => type === 'new_message')).toEqual([]);
  socket.close();
});
