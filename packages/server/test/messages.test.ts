import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Conversation, Message } from '@parley/protocol';
import { startServer, type Person, type TestServer } from './support/server.ts';

let server: TestServer;
let ann: Person;
let bob: Person;
let eve: Person;
let group: Conversation;

beforeAll(async () => {
  server = await startServer();
  [ann, bob, eve] = await Promise.all([server.person('ann'), server.person('bob'), server.person('eve')]);
  group = await ann.group(bob);
});
afterAll(() => server.close());

const messagesOf = (id: string, query = '') => `/api/conversations/${id}/messages${query}`;

test('a message comes back with every field of the spec', async () => {
  const first = await ann.say(group.id, 'Previous message');
  const { status, body } = await ann.post(messagesOf(group.id), {
    content: 'Hello, everyone!',
    message_type: 'text',
    reply_to_id: first.id,
    metadata: { emoji: '👋' },
  });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    conversation_id: group.id,
    sender_id: 'ann',
    sender_name: 'ann',
    content: 'Hello, everyone!',
    message_type: 'text',
    reply_to_id: first.id,
    reply_to_content: 'Previous message',
    is_edited: false,
    is_deleted: false,
    metadata: { emoji: '👋' },
    status: 'sent',
    seq: first.seq + 1,
    version: first.version + 1,
  });
  expect(body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('text is kept as sent, counted in code points', async () => {
  const text = '  e\u0301 \u{1F468}\u200D\u{1F469}\u200D\u{1F467}\r\n\t\u202Eabc ';
  expect((await ann.say(group.id, text)).content).toBe(text);
  expect((await ann.post(messagesOf(group.id), { content: '😀'.repeat(5000) })).status).toBe(201);
  const tooLong = await ann.post(messagesOf(group.id), { content: '😀'.repeat(5001) });
  expect(tooLong).toMatchObject({
    status: 422,
    body: { code: 'validation_failed', errors: [{ path: '/content' }] },
  });
});

test('history is newest first, without gaps, by page, cursor and place', async () => {
  const conversation = await ann.group(bob);
  for (let count = 1; count <= 7; count++) await ann.say(conversation.id, String(count));
  const seqs = async (query: string) => {
    const { body } = await bob.get(messagesOf(conversation.id, query));
    return (body.messages as Message[]).map(({ seq }) => seq);
  };
  expect(await seqs('?limit=3')).toEqual([7, 6, 5]);
  expect(await seqs('?limit=3&page=3')).toEqual([1]);
  expect(await seqs('?limit=3&page=4')).toEqual([]);
  expect(await seqs('?limit=2&before_seq=4')).toEqual([3, 2]);
  expect(await seqs('?limit=2&after_seq=4')).toEqual([6, 5]);
  expect(await seqs('?limit=3&around_seq=4')).toEqual([5, 4, 3]);
  expect(await seqs('?limit=3&around_seq=1')).toEqual([3, 2, 1]);
  expect(await seqs('?limit=3&around_seq=7')).toEqual([7, 6, 5]);

  const walked: number[] = [];
  for (let cursor: string | null = '', url = '?limit=3'; cursor !== null; url = `?limit=3&cursor=${cursor}`) {
    const { body } = await bob.get(messagesOf(conversation.id, url));
    walked.push(...body.messages.map(({ seq }: Message) => seq));
    expect(body.total).toBe(7);
    expect(body.has_more).toBe(body.next_cursor !== null);
    cursor = body.next_cursor;
  }
  expect(walked).toEqual([7, 6, 5, 4, 3, 2, 1]);

  // Forward, too, the cursor leads on in the direction that was asked for.
  const { body: oldest } = await bob.get(messagesOf(conversation.id, '?after_seq=0&limit=4'));
  expect([oldest.messages.map(({ seq }: Message) => seq), oldest.has_more]).toEqual([[4, 3, 2, 1], true]);
  const { body: rest } = await bob.get(messagesOf(conversation.id, `?limit=4&cursor=${oldest.next_cursor}`));
  expect([rest.messages.map(({ seq }: Message) => seq), rest.has_more, rest.next_cursor]).toEqual([
    [7, 6, 5],
    false,
    null,
  ]);
});

test('a link to a message opens the page around it, though nothing but its id is known', async () => {
  const conversation = await ann.group(bob);
  const sent: Message[] = [];
  for (let count = 1; count <= 7; count++) sent.push(await ann.say(conversation.id, String(count)));
  const around = async (index: number, limit = 3) => {
    const { body } = await bob.get(
      messagesOf(conversation.id, `?limit=${limit}&around_id=${sent[index]?.id}`),
    );
    return (body.messages as Message[]).map(({ seq }) => seq);
  };
  expect(await around(3)).toEqual([5, 4, 3]);
  expect(await around(0)).toEqual([3, 2, 1]);
  expect(await around(6)).toEqual([7, 6, 5]);
  expect(await around(3, 100)).toEqual([7, 6, 5, 4, 3, 2, 1]);

  // From there on as from any page.
  const { body } = await bob.get(messagesOf(conversation.id, `?limit=3&around_id=${sent[3]?.id}`));
  expect(body).toMatchObject({ total: 7, has_more: true, page: 1, limit: 3 });
  const older = await bob.get(messagesOf(conversation.id, `?limit=3&cursor=${body.next_cursor}`));
  expect(older.body.messages.map(({ seq }: Message) => seq)).toEqual([2, 1]);

  // A tombstone keeps its place.
  expect((await ann.delete(`/api/messages/${sent[3]?.id}`)).status).toBe(204);
  expect(await around(3)).toEqual([5, 4, 3]);
});

test('a page around a message is for participants, and around what is not there it is not found', async () => {
  const mine = await ann.group(bob);
  const message = await ann.say(mine.id, 'here');
  const elsewhere = await ann.say((await ann.group(bob)).id, 'elsewhere');
  const ask = async (person: Person, id: string, query: string) => {
    const { status, body } = await person.get(messagesOf(id, query));
    return [status, body.code];
  };
  for (const id of [elsewhere.id, '019b0000-0000-7000-8000-000000000000', 'nonsense', '%00'])
    expect(await ask(bob, mine.id, `?around_id=${id}`)).toEqual([404, 'message_not_found']);
  expect(await ask(bob, 'nonsense', `?around_id=${message.id}`)).toEqual([404, 'conversation_not_found']);
  // A stranger does not learn which messages there are.
  for (const id of [message.id, elsewhere.id, 'nonsense'])
    expect(await ask(eve, mine.id, `?around_id=${id}`)).toEqual([403, 'not_participant']);
  for (const other of ['page=1', 'before_seq=1', 'after_seq=1', 'around_seq=1', 'cursor=x'])
    expect(await ask(bob, mine.id, `?${other}&around_id=${message.id}`)).toEqual([422, 'validation_failed']);
  expect(await ask(bob, mine.id, '?around_id=')).toEqual([422, 'validation_failed']);
});

test('a retry with the same client_id answers the original, by body or by header', async () => {
  const body = { content: 'once', client_id: 'retry-1' };
  const first = await ann.post(messagesOf(group.id), body);
  const again = await ann.post(messagesOf(group.id), { content: 'once' }, { 'idempotency-key': 'retry-1' });
  expect(again.status).toBe(201);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.body.id).toBe(first.body.id);
  expect((await ann.post(messagesOf(group.id), { ...body, content: 'other' })).body.code).toBe(
    'idempotency_conflict',
  );
  expect((await bob.post(messagesOf(group.id), body)).headers.get('idempotency-replayed')).toBeNull();
});

test('only the sender edits and deletes; a tombstone shows nothing and stays', async () => {
  const message = await ann.say(group.id, 'secret', { metadata: { private: true } });
  const reply = await bob.say(group.id, 'what?', { reply_to_id: message.id });
  expect((await bob.put(`/api/messages/${message.id}`, { content: 'mine' })).body.code).toBe(
    'not_message_owner',
  );
  expect((await bob.delete(`/api/messages/${message.id}`)).status).toBe(403);

  const edited = await ann.put(
    `/api/messages/${message.id}`,
    new URLSearchParams({ content: 'Updated message content' }),
  );
  expect(edited).toMatchObject({
    status: 200,
    body: { content: 'Updated message content', is_edited: true, reply_count: 1 },
  });

  expect((await ann.delete(`/api/messages/${message.id}`)).status).toBe(204);
  expect((await ann.delete(`/api/messages/${message.id}`)).status).toBe(204);
  expect(await ann.put(`/api/messages/${message.id}`, { content: 'back' })).toMatchObject({
    status: 409,
    body: { code: 'message_deleted' },
  });
  const { body } = await bob.get(messagesOf(group.id, `?limit=3&around_seq=${message.seq}`));
  const found = (id: string) => body.messages.find((other: Message) => other.id === id);
  expect(found(message.id)).toMatchObject({ is_deleted: true, content: '', metadata: {} });
  expect((await bob.get(`/api/messages/${message.id}/replies`)).body.messages).toMatchObject([
    { id: reply.id, reply_to_content: null },
  ]);
});

test('a reply must be to a message of the same conversation', async () => {
  const elsewhere = await ann.say((await ann.group(eve)).id, 'elsewhere');
  for (const reply_to_id of [elsewhere.id, 'msg-123', '01890000-0000-7000-8000-000000000000']) {
    expect(await ann.post(messagesOf(group.id), { content: 'x', reply_to_id })).toMatchObject({
      status: 422,
      body: { code: 'reply_not_found', errors: [{ path: '/reply_to_id', message: expect.any(String) }] },
    });
  }
});

test('reading moves forward alone, and status is the weakest over the others', async () => {
  const conversation = await ann.group(bob, eve);
  const one = await ann.say(conversation.id, 'one');
  const two = await ann.say(conversation.id, 'two');
  const read = (person: Person, message: Message) => person.post(`/api/messages/${message.id}/read`);
  const statusOf = async (message: Message) => {
    const { body } = await ann.get(messagesOf(conversation.id));
    return body.messages.find(({ id }: Message) => id === message.id).status;
  };
  expect((await read(bob, two)).body).toEqual({
    message_id: two.id,
    conversation_id: conversation.id,
    last_read_seq: 2,
    unread_count: 0,
  });
  expect((await read(bob, one)).body).toMatchObject({ last_read_seq: 2, unread_count: 0 });
  expect(await statusOf(one)).toBe('sent');
  expect((await read(eve, one)).body).toMatchObject({ last_read_seq: 1, unread_count: 1 });
  expect(await statusOf(one)).toBe('read');
  expect(await statusOf(two)).toBe('sent');
  const { body } = await ann.get(`/api/messages/${two.id}/receipts`);
  expect(body).toMatchObject({ total: 2, read_count: 1, delivered_count: 1 });
  expect(body.receipts).toMatchObject([
    { user_id: 'bob', read_at: expect.any(String) },
    { user_id: 'eve', read_at: null, delivered_at: null },
  ]);
});

test('sending reads everything before it, so one’s own messages are never unread', async () => {
  const conversation = await ann.group(bob);
  await ann.say(conversation.id, 'one');
  await ann.say(conversation.id, 'two');
  expect((await bob.get(`/api/conversations/${conversation.id}`)).body.unread_count).toBe(2);
  await bob.say(conversation.id, 'three');
  expect((await bob.get(`/api/conversations/${conversation.id}`)).body.unread_count).toBe(0);
  expect((await ann.get(`/api/conversations/${conversation.id}`)).body.unread_count).toBe(1);
});

test('strangers, unknown and impossible ids get the refusals of the contract', async () => {
  const message = await ann.say(group.id, 'ours');
  expect(await eve.get(messagesOf(group.id))).toMatchObject({
    status: 403,
    body: { code: 'not_participant', detail: 'Not a participant in this conversation' },
  });
  expect(await eve.post(messagesOf(group.id), { content: 'hi' })).toMatchObject({
    status: 403,
    body: { code: 'not_participant' },
  });
  expect(await eve.post(`/api/messages/${message.id}/read`)).toMatchObject({ status: 403 });
  expect(await eve.put(`/api/messages/${message.id}`, { content: 'x' })).toMatchObject({
    status: 403,
    body: { code: 'not_participant' },
  });
  for (const id of ['conv-123', '01890000-0000-7000-8000-000000000000', '%00', 'a%2Fb']) {
    expect(await ann.get(messagesOf(id))).toMatchObject({
      status: 404,
      body: { code: 'conversation_not_found' },
    });
    expect(await ann.post(`/api/messages/${id}/read`)).toMatchObject({
      status: 404,
      body: { code: 'message_not_found' },
    });
  }
});

test('system messages are the service role’s alone', async () => {
  expect(await ann.post(messagesOf(group.id), { content: 'x', message_type: 'system' })).toMatchObject({
    status: 403,
    body: { code: 'system_only' },
  });
  const { status, body } = await server
    .service()
    .post(messagesOf(group.id), { content: 'Welcome', message_type: 'system' });
  expect(status).toBe(201);
  expect(body).toMatchObject({ sender_id: 'system', sender_name: 'System', message_type: 'system' });
});
