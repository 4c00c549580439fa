import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Conversation } from '@parley/protocol';
import { startServer, type Person, type TestServer } from './support/server.ts';

let server: TestServer;
let ann: Person;
let bob: Person;
let eve: Person;

beforeAll(async () => {
  server = await startServer();
  [ann, bob, eve] = await Promise.all([server.person('ann'), server.person('bob'), server.person('eve')]);
});
afterAll(() => server.close());

test('a group has its opener as admin and shows every field of the spec', async () => {
  const { status, body } = await ann.post('/api/conversations', {
    title: 'Study Group',
    type: 'group',
    participant_ids: ['bob', 'ann', 'bob'],
  });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    title: 'Study Group',
    type: 'group',
    created_by: 'ann',
    is_archived: false,
    is_deleted: false,
    unread_count: 0,
    participant_count: 2,
    my_role: 'admin',
    last_message: null,
    last_seq: 0,
    version: 1,
  });
  expect(body.last_message_at).toBe(body.created_at);
  expect(
    body.participants.map(({ user_id, role }: Conversation['participants'][number]) => [user_id, role]),
  ).toEqual([
    ['ann', 'admin'],
    ['bob', 'participant'],
  ]);
});

test('of a large group its opener comes first, and everybody in the order in which they were named', async () => {
  const named = Array.from({ length: 250 }, (_, index) => `member-${(index * 7919) % 1000}`);
  const { body } = await ann.post('/api/conversations', { type: 'group', participant_ids: named });
  const ids = (people: Conversation['participants']) => people.map(({ user_id }) => user_id);
  expect(ids(body.participants)).toEqual(['ann', ...named.slice(0, 99)]);
  const walked: string[] = [];
  for (let query = '?limit=100'; query !== '';) {
    const page = await ann.get(`/api/conversations/${body.id}/participants${query}`);
    walked.push(...ids(page.body.participants));
    query = page.body.next_cursor === null ? '' : `?limit=100&cursor=${page.body.next_cursor}`;
  }
  expect(walked).toEqual(['ann', ...named]);
});

test('whoever is called as no path can be written is added nowhere, as they could not be removed', async () => {
  for (const name of ['.', '..']) {
    const group = { type: 'group', participant_ids: ['bob', name] };
    expect(await ann.post('/api/conversations', group)).toMatchObject({
      status: 422,
      body: {
        code: 'validation_failed',
        errors: [{ path: '/participant_ids/1', message: 'must not be . or ..' }],
      },
    });
  }
});

test('a direct conversation is one for its pair, whoever asks', async () => {
  const first = await ann.post('/api/conversations', { type: 'direct', participant_ids: ['eve'] });
  expect(first.status).toBe(201);
  const again = await eve.post('/api/conversations', { type: 'direct', participant_ids: ['ann'] });
  expect(again.status).toBe(200);
  expect(again.body.id).toBe(first.body.id);
  for (const participant_ids of [[], ['ann'], ['bob', 'eve']]) {
    expect(await ann.post('/api/conversations', { type: 'direct', participant_ids })).toMatchObject({
      status: 422,
    });
  }
  for (const change of [
    ann.post(`/api/conversations/${first.body.id}/participants`, { user_id: 'bob' }),
    eve.delete(`/api/conversations/${first.body.id}/participants/eve`),
    ann.put(`/api/conversations/${first.body.id}/participants/eve`, { is_muted: true }),
  ]) {
    expect(await change).toMatchObject({ status: 409, body: { code: 'direct_conversation' } });
  }
  expect((await ann.delete(`/api/conversations/${first.body.id}`)).status).toBe(204);
  const fresh = await eve.post('/api/conversations', { type: 'direct', participant_ids: ['ann'] });
  expect(fresh.status).toBe(201);
  expect(fresh.body.id).not.toBe(first.body.id);
});

test('a retried creation answers the original with the same status', async () => {
  const body = { type: 'group', title: 'Once', participant_ids: ['bob'], client_id: 'c-1' };
  const first = await ann.post('/api/conversations', body);
  const again = await ann.post('/api/conversations', body);
  expect([again.status, again.headers.get('idempotency-replayed'), again.body.id]).toEqual([
    201,
    'true',
    first.body.id,
  ]);
  expect(await ann.post('/api/conversations', { ...body, title: 'Other' })).toMatchObject({
    status: 409,
    body: { code: 'idempotency_conflict' },
  });
  const direct = { type: 'direct', participant_ids: ['bob'] };
  await bob.post('/api/conversations', { type: 'direct', participant_ids: ['ann'] });
  const existing = await ann.post('/api/conversations', { ...direct, client_id: 'c-2' });
  const replay = await ann.post('/api/conversations', { ...direct, client_id: 'c-2' });
  expect([existing.status, replay.status, replay.headers.get('idempotency-replayed')]).toEqual([
    200,
    200,
    'true',
  ]);
});

test('the list has the newest activity first, archived ones apart, deleted ones never', async () => {
  const zoe = await server.person('zoe');
  const [one, two, three] = [await zoe.group(bob), await zoe.group(bob), await zoe.group(bob)];
  await bob.say(one.id, 'wake up');
  const ids = async (query = '') =>
    (await zoe.get(`/api/conversations${query}`)).body.conversations.map(({ id }: Conversation) => id);
  expect(await ids()).toEqual([one.id, three.id, two.id]);
  expect(await ids('?limit=1&page=2')).toEqual([three.id]);
  const { body } = await zoe.get('/api/conversations?limit=2');
  expect(body).toMatchObject({ page: 1, limit: 2, total: 3, has_more: true });
  expect(body.conversations[0]).toMatchObject({ unread_count: 1, last_message: { content: 'wake up' } });
  expect(await ids(`?limit=2&cursor=${body.next_cursor}`)).toEqual([two.id]);

  await zoe.put(`/api/conversations/${one.id}`, { is_archived: true });
  await zoe.delete(`/api/conversations/${two.id}`);
  expect(await ids()).toEqual([three.id]);
  expect(await ids('?archived=true')).toEqual([one.id]);
  expect(await bob.get(`/api/conversations/${two.id}`)).toMatchObject({
    status: 404,
    body: { code: 'conversation_not_found' },
  });
});

test('admins and moderators change a conversation, admins alone delete it', async () => {
  const group = await ann.group(bob, eve);
  await ann.put(
    `/api/conversations/${group.id}/participants/bob`,
    new URLSearchParams({ role: 'moderator', is_muted: 'false' }),
  );
  const path = `/api/conversations/${group.id}`;
  expect(await eve.put(path, { title: 'Mine' })).toMatchObject({
    status: 403,
    body: { code: 'insufficient_role' },
  });
  expect(await bob.put(path, { title: 'Updated Title', is_archived: false })).toMatchObject({
    status: 200,
    body: { title: 'Updated Title', version: 3 },
  });
  expect((await bob.put(path, { title: 'Updated Title' })).body.version).toBe(3);
  expect((await bob.delete(path)).status).toBe(403);
  expect((await ann.delete(path)).status).toBe(204);
  expect((await ann.get(path)).status).toBe(404);
});

test('people are added, promoted, muted and removed by the rules', async () => {
  const group = await ann.group(bob);
  const people = `/api/conversations/${group.id}/participants`;
  expect(await ann.post(people, { user_id: 'user-4', role: 'participant' })).toMatchObject({
    status: 201,
    body: { user_id: 'user-4', display_name: 'user-4' },
  });
  expect(await ann.post(people, { user_id: 'user-4', role: 'admin' })).toMatchObject({
    status: 200,
    body: { role: 'participant' },
  });
  expect((await bob.post(people, { user_id: 'eve' })).body.code).toBe('insufficient_role');
  await ann.put(`${people}/bob`, { role: 'moderator' });
  expect((await bob.post(people, { user_id: 'eve', role: 'admin' })).body.code).toBe('insufficient_role');
  expect((await bob.delete(`${people}/ann`)).body.code).toBe('insufficient_role');
  expect((await bob.post(people, { user_id: 'eve' })).status).toBe(201);
  expect((await bob.put(`${people}/eve`, { is_muted: true })).body.is_muted).toBe(true);
  expect(await eve.post(`/api/conversations/${group.id}/messages`, { content: 'mmf' })).toMatchObject({
    status: 403,
    body: { code: 'muted' },
  });
  expect((await ann.put(`${people}/ann`, { role: 'participant' })).body.code).toBe('last_admin');
  expect((await ann.put(`${people}/nobody`, { role: 'participant' })).body.code).toBe(
    'participant_not_found',
  );
  expect((await ann.delete(`${people}/ann`)).status).toBe(204);
  expect((await bob.get(`/api/conversations/${group.id}`)).body.my_role).toBe('admin');
  expect(await ann.get(people)).toMatchObject({ status: 403, body: { code: 'not_participant' } });
  const { body } = await bob.get(`${people}?limit=2`);
  expect(body).toMatchObject({
    total: 3,
    has_more: true,
    participants: [{ user_id: 'bob' }, { user_id: 'user-4' }],
  });
  expect((await bob.get(`${people}?limit=2&cursor=${body.next_cursor}`)).body.participants).toMatchObject([
    { user_id: 'eve' },
  ]);
});

test('who joins a group sees its history, with nothing unread; who comes back too', async () => {
  const group = await ann.group(bob);
  const before = await ann.say(group.id, 'before');
  await ann.post(`/api/conversations/${group.id}/participants`, { user_id: 'eve' });
  expect((await eve.get(`/api/conversations/${group.id}/messages`)).body.messages).toMatchObject([
    { id: before.id },
  ]);
  expect((await eve.get(`/api/conversations/${group.id}`)).body.unread_count).toBe(0);
  expect((await ann.get(`/api/messages/${before.id}/receipts`)).body.receipts).toMatchObject([
    { user_id: 'bob' },
  ]);
  await ann.delete(`/api/conversations/${group.id}/participants/eve`);
  expect((await eve.get(`/api/conversations/${group.id}/messages`)).status).toBe(403);
  await ann.say(group.id, 'meanwhile');
  await ann.post(`/api/conversations/${group.id}/participants`, { user_id: 'eve' });
  expect((await eve.get(`/api/conversations/${group.id}/messages`)).body.total).toBe(2);
});

test('the service role opens conversations for others, and is in none', async () => {
  const service = server.service();
  const { status, body } = await service.post('/api/conversations', {
    type: 'direct',
    participant_ids: ['bob', 'eve'],
  });
  expect([status, body.my_role, body.created_by]).toEqual([201, null, 'system']);
  expect((await eve.get(`/api/conversations/${body.id}`)).status).toBe(200);
  expect((await service.get('/api/conversations')).body.total).toBe(0);
});
