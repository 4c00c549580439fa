/**
 * What no event told of arrives all the same. Two servers share a database and nothing else: what is done by the second
 * is to people at the first as if every event of it had been lost.
 */
import type { ConversationChange, Message, ServerFrame } from '@parley/protocol';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Person, startServer, type TestServer } from './support/server.ts';
import type { TestSocket } from './support/socket.ts';

let here: TestServer;
let elsewhere: TestServer;

beforeAll(async () => {
  here = await startServer();
  elsewhere = await startServer({ DATABASE_URL: here.databaseUrl });
});
afterAll(async () => {
  await elsewhere.close();
  await here.close();
});

/** Somebody with a socket here, and the same person's REST calls elsewhere. */
async function twice(): Promise<{ person: Person; away: Person; socket: TestSocket }> {
  const person = await here.person();
  const away = new Person(elsewhere, person.id, person.bearer);
  return { person, away, socket: await person.connect() };
}

const changesOf = (socket: TestSocket, conversationId: string): ConversationChange[] =>
  socket.frames.filter(
    (frame): frame is ConversationChange => 'version' in frame && frame.conversation_id === conversationId,
  );

const isChange = (conversationId: string, version: number) => (frame: ServerFrame) =>
  'version' in frame && frame.conversation_id === conversationId && frame.version === version;

test.concurrent('messages, edits, deletions, and what becomes of the conversation reach those who are in it, in order', async () => {
  const [ann, bob] = await Promise.all([twice(), twice()]);
  const group = await ann.person.group(bob.person);
  await bob.socket.find(isChange(group.id, 1));
  const path = `/api/conversations/${group.id}`;

  const one = await ann.away.say(group.id, 'one');
  const two = await bob.away.say(group.id, 'two', { reply_to_id: one.id });
  const three = await ann.away.say(group.id, 'three');
  await ann.away.put<Message>(`/api/messages/${one.id}`, { content: 'one, again' });
  await ann.away.delete(`/api/messages/${three.id}`);
  await ann.away.put(path, { title: 'Renamed' });
  await ann.away.put(`${path}/participants/${bob.person.id}`, { is_muted: true });
  await bob.socket.find(isChange(group.id, 8));
  await ann.away.delete(path);
  await Promise.all([ann, bob].map(({ socket }) => socket.find(isChange(group.id, 9))));

  for (const { socket } of [ann, bob]) {
    expect(changesOf(socket, group.id)).toMatchObject([
      { type: 'conversation_created', version: 1 },
      { type: 'new_message', version: 2, message: { id: one.id, seq: 1 } },
      { type: 'new_message', version: 3, message: { id: two.id, reply_to_id: one.id } },
      { type: 'new_message', version: 4, message: { id: three.id, seq: 3 } },
      { type: 'message_updated', version: 5, message: { id: one.id, content: 'one, again', reply_count: 1 } },
      { type: 'message_deleted', version: 6, message_id: three.id, message: { is_deleted: true } },
      { type: 'conversation_updated', version: 7, conversation: { title: 'Renamed', version: 7 } },
      { type: 'participant_updated', version: 8, participant: { user_id: bob.person.id, is_muted: true } },
      { type: 'conversation_deleted', version: 9 },
    ]);
  }
});

test.concurrent('a conversation that was opened elsewhere opens for its people here, as each of them sees it', async () => {
  const [ann, bob, eve] = await Promise.all([twice(), twice(), twice()]);
  const group = await ann.away.group(bob.person);
  const message = await ann.away.say(group.id, 'hello');
  await Promise.all([ann, bob].map(({ socket }) => socket.find(isChange(group.id, 2))));
  const roles = ['admin', 'participant'];
  for (const [index, { socket }] of [ann, bob].entries()) {
    expect(changesOf(socket, group.id)).toMatchObject([
      { type: 'conversation_created', version: 1, conversation: { id: group.id, my_role: roles[index] } },
      { type: 'new_message', version: 2, message: { id: message.id } },
    ]);
  }
  // From here on events go their usual way.
  await bob.person.say(group.id, 'hello, too');
  await ann.socket.find(isChange(group.id, 3));
  await eve.socket.settled();
  expect(changesOf(eve.socket, group.id)).toEqual([]);
});

test.concurrent('who is added hears from then on, who is removed hears that last, who comes back nothing of between', async () => {
  const [ann, bob, cem, dan] = await Promise.all([twice(), twice(), twice(), twice()]);
  const group = await ann.person.group(bob.person, cem.person);
  const path = `/api/conversations/${group.id}/participants`;
  await ann.away.say(group.id, 'to three'); // 2
  await ann.away.delete(`${path}/${bob.person.id}`); // 3
  await ann.away.delete(`${path}/${cem.person.id}`); // 4
  const secret = await ann.away.say(group.id, 'to nobody else'); // 5
  await ann.away.post(path, { user_id: dan.person.id }); // 6
  await ann.away.post(path, { user_id: cem.person.id }); // 7
  await ann.away.say(group.id, 'to the present ones'); // 8
  await Promise.all([ann, cem, dan].map(({ socket }) => socket.find(isChange(group.id, 8))));
  await bob.socket.settled();

  const heard = ({ socket }: { socket: TestSocket }) =>
    changesOf(socket, group.id).map(({ type, version }) => `${type} ${version}`);
  // That Cem left is replaced by his return.
  expect(heard(ann)).toEqual([
    'conversation_created 1',
    'new_message 2',
    'participant_removed 3',
    'new_message 5',
    'participant_added 6',
    'participant_added 7',
    'new_message 8',
  ]);
  expect(heard(bob)).toEqual(['conversation_created 1', 'new_message 2', 'participant_removed 3']);
  expect(heard(dan)).toEqual(['participant_added 6', 'participant_added 7', 'new_message 8']);
  expect(heard(cem).slice(-2)).toEqual(['participant_added 7', 'new_message 8']);
  for (const { socket } of [bob, cem])
    expect(changesOf(socket, group.id)).not.toContainEqual(
      expect.objectContaining({ type: 'new_message', message: expect.objectContaining({ id: secret.id }) }),
    );
  for (const { person, socket } of [cem, dan]) {
    const entrance = changesOf(socket, group.id).findLast(
      (frame) => frame.type === 'participant_added' && frame.participant.user_id === person.id,
    );
    expect(entrance).toMatchObject({ conversation: { id: group.id, my_role: 'participant' } });
  }
});

test.concurrent('nothing of what became so later is shown to somebody who had left', async () => {
  const [ann, bob] = await Promise.all([twice(), twice()]);
  const group = await ann.person.group(bob.person);
  const message = await ann.away.say(group.id, 'for both');
  await ann.away.delete(`/api/conversations/${group.id}/participants/${bob.person.id}`);
  await ann.away.put(`/api/messages/${message.id}`, { content: 'for one' });
  await Promise.all([
    ann.socket.find(isChange(group.id, 4)),
    bob.socket.find((frame) => frame.type === 'participant_removed'),
  ]);
  await bob.socket.settled();
  expect(JSON.stringify(bob.socket.frames)).not.toContain('for one');
});

test.concurrent('receipts arrive that no event told of, once', async () => {
  const [ann, bob] = await Promise.all([twice(), twice()]);
  const group = await ann.person.group(bob.person);
  const message = await ann.person.say(group.id, 'read this');
  await bob.away.post(`/api/messages/${message.id}/read`);
  await ann.socket.next('message_read', (frame) => frame.user_id === bob.person.id);
  // Seconds and several looks later.
  await ann.away.say(group.id, 'more');
  await bob.socket.find(isChange(group.id, 3));
  await ann.socket.settled();
  expect(ann.socket.frames.filter(({ type }) => type === 'message_read')).toEqual([
    {
      type: 'message_read',
      conversation_id: group.id,
      message_id: message.id,
      user_id: bob.person.id,
      last_seq: 1,
    },
  ]);
});

test.concurrent('hundreds of changes that were missed arrive, each once, and those after them behind them', async () => {
  const [ann, bob] = await Promise.all([twice(), twice()]);
  const group = await ann.person.group(bob.person);
  await bob.socket.find(isChange(group.id, 1));
  await Promise.all(Array.from({ length: 1200 }, (_, index) => ann.away.say(group.id, `missed ${index}`)));
  await ann.person.say(group.id, 'heard');
  await bob.socket.find(isChange(group.id, 1202));
  const versions = changesOf(bob.socket, group.id).map(({ version }) => version);
  expect(versions).toEqual(Array.from({ length: 1202 }, (_, index) => index + 1));
});

test.concurrent('a new name that nobody heard of is told once', async () => {
  const [ann, bob] = await Promise.all([twice(), twice()]);
  await ann.person.group(bob.person);
  const token = await here.token({ sub: bob.person.id, user_metadata: { full_name: 'Robert' } });
  await new Person(elsewhere, bob.person.id, token).get('/api/conversations');
  const isRenamed = (frame: ServerFrame) => frame.type === 'user_updated' && frame.display_name === 'Robert';
  await ann.socket.find(isRenamed);
  // Whatever follows is read anew by later passes, too.
  const message = await bob.away.say((await ann.away.group(bob.person)).id, 'later');
  await ann.socket.find((frame) => frame.type === 'new_message' && frame.message.id === message.id);
  expect(ann.socket.frames.filter(isRenamed)).toHaveLength(1);
});

test.concurrent('a new name that a newcomer was told, and nobody else heard of, reaches those who were there', async () => {
  const [ann, bob, eve] = await Promise.all([twice(), twice(), twice()]);
  const group = await ann.person.group(bob.person);
  const isRenamed = (frame: ServerFrame) =>
    frame.type === 'user_updated' && frame.user_id === ann.person.id && frame.display_name === 'Annabel';
  const token = await here.token({ sub: ann.person.id, user_metadata: { full_name: 'Annabel' } });
  // Elsewhere: no event of it comes here.
  await new Person(elsewhere, ann.person.id, token).get('/api/conversations');
  await ann.person.post(`/api/conversations/${group.id}/participants`, { user_id: eve.person.id });
  const entrance = await eve.socket.find((frame) => frame.type === 'participant_added');
  expect(entrance.type === 'participant_added' && entrance.conversation?.participants).toContainEqual(
    expect.objectContaining({ user_id: ann.person.id, display_name: 'Annabel' }),
  );
  await bob.socket.find(isRenamed);
});

test.concurrent('a name that is new while a conversation is being opened reaches its people, who share no other', async () => {
  const [ann, bob, eve] = await Promise.all([twice(), twice(), here.person()]);
  // Eve has a conversation that is told of her new name.
  await ann.person.group(eve);
  const database = new pg.Client(here.databaseUrl);
  await database.connect();
  try {
    // It is opened with the old name, and is committed only when we say so.
    await database.query(`
      create function hold_back() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(43); return null; end $$;
      create constraint trigger hold_back after insert on parley.conversations
        deferrable initially deferred for each row when (new.title = 'Slow to open') execute function hold_back();
      select pg_advisory_lock(43)`);
    const opening = bob.person.post('/api/conversations', {
      type: 'group',
      title: 'Slow to open',
      participant_ids: [eve.id],
    });
    const isHeldBack = "select 1 from pg_locks where locktype = 'advisory' and objid = 43 and not granted";
    await vi.waitFor(async () => expect((await database.query(isHeldBack)).rows).toHaveLength(1));
    const token = await here.token({ sub: eve.id, user_metadata: { full_name: 'Evelyn' } });
    await new Person(here, eve.id, token).get('/api/conversations');
    const isRenamed = (frame: ServerFrame) =>
      frame.type === 'user_updated' && frame.display_name === 'Evelyn';
    await ann.socket.find(isRenamed);
    await database.query('select pg_advisory_unlock(43)');
    await opening;
    const opened = await bob.socket.find((frame) => frame.type === 'conversation_created');
    expect(opened.type === 'conversation_created' && opened.conversation.participants).toContainEqual(
      expect.objectContaining({ user_id: eve.id, display_name: eve.id }),
    );
    await bob.socket.find(isRenamed);
  } finally {
    await database.end();
  }
});

test.concurrent('what somebody read of a large group elsewhere reaches their own sockets, too', async () => {
  const bob = await twice();
  const ann = await here.person();
  const crowd = Array.from({ length: 220 }, (_, index) => ({ id: `crowd-${bob.person.id}-${index}` }));
  const group = await ann.group(bob.person, ...crowd);
  const message = await ann.say(group.id, 'to all of you');
  await bob.away.post(`/api/messages/${message.id}/read`);
  expect(await bob.socket.find((frame) => frame.type === 'message_read')).toMatchObject({
    conversation_id: group.id,
    user_id: bob.person.id,
    last_seq: 1,
  });
});
