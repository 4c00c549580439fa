/** Catching up: whatever happened while somebody was away, they are told it once, in its present state. */
import type { ConversationSync, SyncAnswer } from '@parley/protocol';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type Person, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const beginNow = async (person: Person): Promise<string> =>
  (await person.get<SyncAnswer>('/api/sync')).body.cursor;

/**
 * A cursor after everything so far. Transactions of other tests on the same Postgres hold the horizon back, and what is
 * told twice then is no fault.
 */
async function begin(person: Person): Promise<string> {
  for (let cursor = await beginNow(person); ;) {
    const answer = await since(person, cursor);
    if (answer.conversations.length + answer.removed.length === 0) return cursor;
    cursor = answer.cursor;
  }
}

async function since(person: Person, cursor: string): Promise<SyncAnswer> {
  const { status, body } = await person.get<SyncAnswer>(`/api/sync?cursor=${cursor}`);
  expect(status).toBe(200);
  return body;
}

/** All pages. */
async function all(person: Person, cursor: string): Promise<SyncAnswer[]> {
  const pages = [await since(person, cursor)];
  for (let last = pages[0]; last?.has_more === true; last = pages.at(-1)) {
    pages.push(await since(person, last.cursor));
  }
  return pages;
}

async function only(person: Person, cursor: string): Promise<ConversationSync> {
  const { conversations, has_more, reset } = await since(person, cursor);
  expect({ count: conversations.length, has_more, reset }).toEqual({
    count: 1,
    has_more: false,
    reset: false,
  });
  const [first] = conversations;
  if (first === undefined) throw new Error('no conversation');
  return first;
}

const people = (...names: string[]): Promise<Person[]> =>
  Promise.all(names.map((name) => server.person(`${name}-${Math.random().toString(36).slice(2)}`)));

async function pair(): Promise<{ ada: Person; bob: Person; id: string }> {
  const [ada, bob] = await people('ada', 'bob');
  if (ada === undefined || bob === undefined) throw new Error('nobody');
  return { ada, bob, id: (await ada.group(bob)).id };
}

test('who missed nothing is told nothing, and can ask again with the new cursor', async () => {
  const { ada, bob, id } = await pair();
  await ada.say(id, 'before');
  const cursor = await begin(bob);
  const answer = await since(bob, cursor);
  expect(answer).toEqual({
    cursor: expect.any(String),
    has_more: false,
    reset: false,
    conversations: [],
    removed: [],
    users: [],
  });
});

test('messages sent, edited, deleted and replied to meanwhile come as they are now, and no others', async () => {
  const { ada, bob, id } = await pair();
  const [edited, deleted, parent, old] = [
    await ada.say(id, 'a typo'),
    await ada.say(id, 'a mistake'),
    await ada.say(id, 'a question'),
    await ada.say(id, 'untouched'),
  ];
  const cursor = await begin(bob);
  await ada.put(`/api/messages/${edited.id}`, { content: 'mended' });
  await ada.put(`/api/messages/${edited.id}`, { content: 'mended twice' });
  await ada.delete(`/api/messages/${deleted.id}`);
  const reply = await ada.say(id, 'an answer', { reply_to_id: parent.id });
  const entry = await only(bob, cursor);
  expect(entry.messages.map(({ seq, content, reply_count }) => [seq, content, reply_count])).toEqual([
    [1, 'mended twice', 0],
    [2, '', 0],
    [3, 'a question', 1],
    [5, 'an answer', 0],
  ]);
  expect(entry.messages.map((message) => message.id)).not.toContain(old.id);
  expect(entry).toMatchObject({ conversation_id: id, version: 9, reset: false, participants: [] });
  expect(entry.conversation).toMatchObject({
    last_seq: 5,
    unread_count: 5,
    my_role: 'participant',
    version: 9,
  });
  expect(entry.conversation.last_message?.id).toBe(reply.id);
  const { body } = await bob.get(`/api/conversations/${id}/messages`);
  for (const message of entry.messages)
    expect(body.messages.find((each: { id: string }) => each.id === message.id)).toEqual(message);
});

test('applied and asked again with the answered cursor, nothing comes twice', async () => {
  const { ada, bob, id } = await pair();
  const cursor = await begin(bob);
  await ada.say(id, 'once');
  const first = await since(bob, cursor);
  expect(first.conversations).toHaveLength(1);
  expect((await since(bob, await begin(bob))).conversations).toEqual([]);
  expect((await since(bob, cursor)).conversations).toEqual(first.conversations);
});

test('a slow transaction that began before the cursor and ends after it is not skipped', async () => {
  const { ada, bob, id } = await pair();
  const message = await ada.say(id, 'to be changed');
  const client = new pg.Client(server.databaseUrl);
  await client.connect();
  await client.query('begin');
  await client.query(
    `update parley.messages set content = 'slow', is_edited = true, version = version + 1,
       content_version = version + 1, xid = pg_current_xact_id() where id = $1`,
    [message.id],
  );
  await client.query(
    `update parley.conversations set version = version + 1, xid = pg_current_xact_id(),
       activity = parley.activity_now() where id = $1`,
    [id],
  );
  // Others commit meanwhile, and the cursor is taken after them.
  const [eve, fay] = await people('eve', 'fay');
  if (eve === undefined || fay === undefined) throw new Error('nobody');
  await eve.say((await eve.group(fay)).id, 'something else');
  const cursor = await beginNow(bob);
  await client.query('commit');
  await client.end();
  expect((await only(bob, cursor)).messages).toMatchObject([{ content: 'slow' }]);
});

test('a conversation that was opened meanwhile comes whole', async () => {
  const { ada, bob } = await pair();
  const cursor = await begin(bob);
  const { id } = await ada.group(bob);
  await ada.say(id, 'welcome');
  const entry = await only(bob, cursor);
  expect(entry.participants.map(({ user_id, role }) => [user_id, role])).toEqual([
    [ada.id, 'admin'],
    [bob.id, 'participant'],
  ]);
  expect(entry.messages).toMatchObject([{ content: 'welcome' }]);
  expect(entry.conversation).toMatchObject({ title: 'A group', unread_count: 1 });
});

test('who is added to a conversation gets its history, or is told to read it, if it is long', async () => {
  const { ada, bob, id } = await pair();
  const [cat] = await people('cat');
  if (cat === undefined) throw new Error('nobody');
  await ada.say(id, 'before her time');
  const cursor = await begin(cat);
  await ada.post(`/api/conversations/${id}/participants`, { user_id: cat.id });
  const entry = await only(cat, cursor);
  expect(entry).toMatchObject({ reset: false, conversation: { unread_count: 0 } });
  expect(entry.messages).toMatchObject([{ content: 'before her time' }]);
  expect(entry.participants).toHaveLength(3);
  const more = await begin(bob);
  await Promise.all(Array.from({ length: 1001 }, (_, i) => ada.say(id, `${i}`)));
  const long = await only(bob, more);
  expect(entry.complete).toBe(true);
  expect(long).toMatchObject({ reset: true, messages: [], participants: [] });
  expect(long.conversation).toMatchObject({ last_seq: 1002, unread_count: 1002 });
  expect(await only(cat, cursor)).toMatchObject({ reset: true });
});

test('conversations that somebody was taken out of, left, or that were deleted, are named, and nothing of them is told', async () => {
  const { ada, bob, id } = await pair();
  const { id: deleted } = await ada.group(bob);
  const { id: left } = await ada.group(bob);
  const cursor = await begin(bob);
  await ada.delete(`/api/conversations/${id}/participants/${bob.id}`);
  await ada.say(id, 'behind his back');
  await ada.delete(`/api/conversations/${deleted}`);
  await bob.delete(`/api/conversations/${left}/participants/${bob.id}`);
  const answer = await since(bob, cursor);
  expect(answer.conversations).toEqual([]);
  expect(answer.removed.map(({ conversation_id }) => conversation_id).toSorted()).toEqual(
    [id, deleted, left].toSorted(),
  );
  await ada.post(`/api/conversations/${id}/participants`, { user_id: bob.id });
  const again = await since(bob, cursor);
  expect(again.removed.map(({ conversation_id }) => conversation_id)).not.toContain(id);
  expect(again.conversations).toMatchObject([
    { conversation_id: id, messages: [{ content: 'behind his back' }], participants: [{}, {}] },
  ]);
});

test('roles, mutes, newcomers and leavers come as they are now', async () => {
  const { ada, bob, id } = await pair();
  const [cat, dan] = await people('cat', 'dan');
  if (cat === undefined || dan === undefined) throw new Error('nobody');
  await ada.post(`/api/conversations/${id}/participants`, { user_id: cat.id });
  const cursor = await begin(bob);
  await ada.put(`/api/conversations/${id}/participants/${bob.id}`, { role: 'moderator' });
  await ada.delete(`/api/conversations/${id}/participants/${cat.id}`);
  await ada.post(`/api/conversations/${id}/participants`, { user_id: dan.id });
  await ada.put(`/api/conversations/${id}`, { title: 'Another' });
  const entry = await only(bob, cursor);
  expect(entry.participants.map(({ user_id, role }) => [user_id, role])).toEqual([
    [bob.id, 'moderator'],
    [dan.id, 'participant'],
  ]);
  expect(entry.removed_user_ids).toEqual([cat.id]);
  expect(entry.conversation).toMatchObject({ title: 'Another', my_role: 'moderator', participant_count: 3 });
});

test('what others and oneself read elsewhere comes, though it takes no version', async () => {
  const { ada, bob, id } = await pair();
  const message = await ada.say(id, 'read me');
  const [ofAda, ofBob] = [await begin(ada), await begin(bob)];
  await bob.post(`/api/messages/${message.id}/read`);
  expect(await only(ada, ofAda)).toMatchObject({
    messages: [],
    receipts: [{ user_id: bob.id, last_read_seq: 1, last_delivered_seq: 1 }],
  });
  expect(await only(bob, ofBob)).toMatchObject({
    conversation: { unread_count: 0, last_message: { status: 'read' } },
    receipts: [{ user_id: bob.id }],
  });
});

test('a new name or avatar comes to those who share a conversation, and to nobody else', async () => {
  const { ada, bob } = await pair();
  const [stranger] = await people('stranger');
  if (stranger === undefined) throw new Error('nobody');
  const [ofBob, ofStranger] = [await begin(bob), await begin(stranger)];
  const renamed = await server.person(ada.id, { user_metadata: { full_name: 'Countess' } });
  await renamed.get('/api/conversations');
  expect((await since(bob, ofBob)).users).toEqual([
    { user_id: ada.id, display_name: 'Countess', avatar_url: null },
  ]);
  expect((await since(stranger, ofStranger)).users).toEqual([]);
});

test('who is connected hears of a new name at once', async () => {
  const { ada, bob } = await pair();
  const socket = await bob.connect();
  const renamed = await server.person(ada.id, {
    user_metadata: { full_name: 'Countess', avatar_url: 'https://example.com/a.png' },
  });
  await renamed.get('/api/conversations');
  expect(await socket.next('user_updated')).toEqual({
    type: 'user_updated',
    user_id: ada.id,
    display_name: 'Countess',
    avatar_url: 'https://example.com/a.png',
  });
  socket.close();
});

test('much is told in pages, each conversation once, and the next catch-up goes on from the first of them', async () => {
  const { ada, bob } = await pair();
  const groups = await Promise.all(Array.from({ length: 130 }, () => ada.group(bob)));
  const cursor = await begin(bob);
  await Promise.all(groups.map(({ id }) => ada.say(id, 'hello')));
  const pages = await all(bob, cursor);
  expect(pages.map(({ conversations }) => conversations.length)).toEqual([100, 30]);
  const ids = pages.flatMap(({ conversations }) => conversations.map((each) => each.conversation_id));
  expect(new Set(ids)).toEqual(new Set(groups.map(({ id }) => id)));
  await ada.say(groups[0]?.id ?? '', 'once more');
  const onward = await all(bob, pages.at(-1)?.cursor ?? '');
  expect(onward.flatMap(({ conversations }) => conversations.map((each) => each.conversation_id))).toContain(
    groups[0]?.id,
  );
});

test('a page is small enough for a phone, however long the messages are', async () => {
  const { ada, bob } = await pair();
  const groups = await Promise.all(Array.from({ length: 4 }, () => ada.group(bob)));
  const cursor = await begin(bob);
  const long = '😀'.repeat(5000);
  for (const { id } of groups) await Promise.all(Array.from({ length: 40 }, () => ada.say(id, long)));
  const pages = await all(bob, cursor);
  expect(pages.map(({ conversations }) => conversations.length)).toEqual([1, 1, 1, 1]);
  // Of a conversation with more the last page is all that anybody wants.
  const [first] = groups;
  if (first === undefined) throw new Error('no group');
  await Promise.all(Array.from({ length: 70 }, () => ada.say(first.id, long)));
  const again = (await all(bob, cursor)).flatMap(({ conversations }) => conversations);
  expect(again.find((entry) => entry.conversation_id === first.id)).toMatchObject({
    reset: true,
    messages: [],
  });
});

test('who is new learns who is there, and not who was', async () => {
  const { ada, bob, id } = await pair();
  const [eve] = await people('eve');
  if (eve === undefined) throw new Error('nobody');
  await ada.delete(`/api/conversations/${id}/participants/${bob.id}`);
  const cursor = await begin(eve);
  await ada.post(`/api/conversations/${id}/participants`, { user_id: eve.id });
  expect(await only(eve, cursor)).toMatchObject({
    complete: true,
    removed_user_ids: [],
    participants: [{ user_id: ada.id }, { user_id: eve.id }],
  });
});

test('one with a recent cursor is told all, though another who asks with them is told to begin anew', async () => {
  const { ada, bob, id } = await pair();
  const early = await begin(bob);
  await Promise.all(Array.from({ length: 1001 }, (_, index) => ada.say(id, String(index))));
  const late = await begin(ada);
  await ada.say(id, 'the last');
  const [ofBob, ofAda] = await Promise.all([only(bob, early), only(ada, late)]);
  expect(ofBob).toMatchObject({ reset: true, messages: [] });
  expect(ofAda).toMatchObject({ reset: false, messages: [{ content: 'the last' }] });
});

test('a cursor of another database, or of a time that it lost, says to begin anew', async () => {
  const { bob } = await pair();
  const ofValues = (...values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url');
  const none = '00000000-0000-0000-0000-000000000000';
  for (const cursor of [ofValues(77, 5, 0, none), ofValues(1, 2 ** 52, 0, none)]) {
    const answer = await since(bob, cursor);
    expect(answer).toMatchObject({ reset: true, has_more: false, conversations: [] });
    expect((await since(bob, answer.cursor)).reset).toBe(false);
  }
});

test.each(['nonsense', '', 'WzFd', Buffer.from('[1,2,3,"x"]').toString('base64url')])(
  'what is no cursor is refused: %s',
  async (cursor) => {
    const { bob } = await pair();
    expect(await bob.get(`/api/sync?cursor=${cursor}`)).toMatchObject({
      status: 422,
      body: { code: 'validation_failed' },
    });
  },
);

test('many who catch up at once are each told their own', async () => {
  const [ada] = await people('ada');
  const others = await people(...Array.from({ length: 60 }, (_, index) => `guest${index}`));
  if (ada === undefined) throw new Error('nobody');
  const { id } = await ada.group(...others);
  const own = await Promise.all(others.map((other) => ada.group(other)));
  await ada.say(id, 'to all');
  const cursors = await Promise.all(others.map(begin));
  await ada.say(id, 'to all again');
  await Promise.all(own.map((each, index) => ada.say(each.id, `only to ${others[index]?.id}`)));
  const answers = await Promise.all(others.map((other, index) => since(other, cursors[index] ?? '')));
  for (const [index, { conversations }] of answers.entries()) {
    const messages = conversations.flatMap((each) => each.messages.map(({ content }) => content));
    expect(messages.toSorted()).toEqual([`only to ${others[index]?.id}`, 'to all again']);
  }
});
