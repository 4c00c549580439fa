/** What is known without a connection. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryStorage } from '../src/index.ts';
import { openStage, texts, until, type Stage } from './support/people.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test('an offline start shows the last known state, then catches up', async () => {
  const storage = memoryStorage();
  const parley = stage.client('ann', { storage });
  await parley.connect();
  const group = await parley.createConversation({ type: 'group', title: 'Lunch', participant_ids: ['bob'] });
  await group.open();
  for (let n = 1; n <= 60; n++) await group.send(`${n}`);
  await until(group, ({ messages }) => messages.every(({ seq }) => seq !== null));
  await parley.close();
  await stage.cable.cut();

  // Neither the server nor the token's is reached.
  let isAway = true;
  const getToken = async () => {
    if (isAway) throw new Error('offline');
    return stage.server.token({ sub: 'ann' });
  };
  const again = stage.client('ann', { storage, userId: 'ann', getToken });
  const connected = again.connect();
  await until(again, ({ conversations }) => conversations.length === 1);
  const shown = again.conversation(group.id);
  expect(texts(shown)).toEqual(Array.from({ length: 50 }, (_, n) => `${n + 11}`));
  expect(shown.getSnapshot()).toMatchObject({ hasOlder: true, isLoaded: true });
  await until(again, ({ connection }) => connection.status === 'waiting');

  const bob = await stage.server.person('bob');
  await bob.say(group.id, 'while you were away');
  isAway = false;
  await stage.cable.mend();
  again.wake();
  await connected;
  expect(texts(shown).at(-1)).toBe('while you were away');
  await shown.loadOlder();
  expect(shown.messages).toHaveLength(61);
});

test('a conversation that one was removed from meanwhile is gone, one that is new is there', async () => {
  const storage = memoryStorage();
  const parley = stage.client('cem', { storage });
  await parley.connect();
  const eve = await stage.server.person('eve');
  const old = await eve.group({ id: 'cem' });
  await until(parley, ({ conversations }) => conversations.length === 1);
  await parley.close();
  await eve.delete(`/api/conversations/${old.id}/participants/cem`);
  const fresh = await eve.group({ id: 'cem' });
  await eve.say(fresh.id, 'welcome');
  const again = stage.client('cem', { storage });
  const told: string[] = [];
  again.on('new_message', ({ message }) => told.push(message.content));
  await again.connect();
  expect(again.conversations.map(({ id }) => id)).toEqual([fresh.id]);
  expect(told).toEqual(['welcome']);
});

test('what was read without a connection stays read over a reload, and is told when there is one', async () => {
  const storage = memoryStorage();
  const dan = await stage.server.person('dan');
  const room = await dan.group({ id: 'flo' });
  await dan.say(room.id, 'read me');
  const parley = stage.client('flo', { storage });
  await parley.connect();
  await parley.conversation(room.id).open();
  await stage.cable.cut();
  await until(parley, ({ connection }) => connection.status === 'waiting');
  parley.conversation(room.id).markRead();
  expect(parley.getSnapshot().unread.messages).toBe(0);
  await parley.close();

  const again = stage.client('flo', { storage });
  const connected = again.connect();
  await until(again, ({ conversations }) => conversations.length === 1);
  expect(again.getSnapshot().unread.messages).toBe(0);
  await stage.cable.mend();
  again.wake();
  await connected;
  const view = again.conversation(room.id);
  await until(view, ({ participants }) =>
    participants.some((each) => each.user_id === 'flo' && each.last_read_seq === 1),
  );
  await until(view, ({ conversation }) => conversation?.unread_count === 0);
  await again.close();
  expect([...(await storage.load(`${stage.url} flo`)).keys()].filter((key) => key.startsWith('r:'))).toEqual(
    [],
  );
});
