import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Message, Participant } from '@parley/protocol';
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

const times = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

test('two people who open the same direct conversation at once get one', async () => {
  for (let round = 0; round < 10; round++) {
    const [left, right] = await Promise.all([server.person(), server.person()]);
    const answers = await times(10, (index) => {
      const [me, other] = index % 2 === 0 ? [left, right] : [right, left];
      return me.post('/api/conversations', { type: 'direct', participant_ids: [other.id] });
    });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      ...Array.from({ length: 9 }, () => 200),
      201,
    ]);
  }
});

test('the same client_id fifty times at once is one message', async () => {
  const group = await ann.group(bob);
  const answers = await times(50, () =>
    ann.post(`/api/conversations/${group.id}/messages`, { content: 'once', client_id: 'fifty' }),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
  expect((await ann.get(`/api/conversations/${group.id}/messages`)).body.total).toBe(1);
});

test('the same client_id for a conversation and for a participant, at once, is one of each', async () => {
  const answers = await times(20, () =>
    ann.post('/api/conversations', { type: 'group', participant_ids: ['bob'], client_id: 'twenty' }),
  );
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
  const path = `/api/conversations/${answers[0]?.body.id}/participants`;
  const added = await times(20, () => ann.post(path, { user_id: 'eve', client_id: 'twenty' }));
  expect(new Set(added.map(({ status }) => status))).toEqual(new Set([201]));
  expect((await ann.get(path)).body.total).toBe(3);
});

test('many senders at once take every seq and version once, without gaps', async () => {
  const group = await ann.group(bob, eve);
  const people = [ann, bob, eve];
  const sent = await times(90, (index) => (people[index % 3] ?? ann).say(group.id, `message ${index}`));
  expect(sent.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 90 }, (_, index) => index + 1),
  );
  expect(new Set(sent.map(({ version }) => version)).size).toBe(90);
  const { body } = await ann.get(`/api/conversations/${group.id}`);
  expect([body.last_seq, body.version]).toEqual([90, 91]);
});

test('nobody who was removed gets a message in afterwards', async () => {
  for (let round = 0; round < 10; round++) {
    const group = await ann.group(bob);
    const sends = times(10, () =>
      bob.post<Message>(`/api/conversations/${group.id}/messages`, { content: 'still here' }),
    );
    const removal = await ann.delete(`/api/conversations/${group.id}/participants/bob`);
    expect(removal.status).toBe(204);
    const accepted = (await sends).filter(({ status }) => status === 201);
    expect((await sends).every(({ status }) => status === 201 || status === 403)).toBe(true);
    // The removal took a version: every message of his has a lower one, and none came after.
    const { body } = await ann.get(`/api/conversations/${group.id}/messages?limit=100`);
    expect(body.total).toBe(accepted.length);
    const conversation = (await ann.get(`/api/conversations/${group.id}`)).body;
    expect(conversation.version).toBe(1 + accepted.length + 1);
    expect(Math.max(0, ...accepted.map(({ body: message }) => message.version))).toBe(
      accepted.length === 0 ? 0 : accepted.length + 1,
    );
    expect((await bob.post(`/api/conversations/${group.id}/messages`, { content: 'x' })).status).toBe(403);
  }
});

test('when the last two admins leave together somebody is admin', async () => {
  for (let round = 0; round < 10; round++) {
    const group = await ann.group(bob, eve);
    await ann.put(`/api/conversations/${group.id}/participants/bob`, { role: 'admin' });
    const [first, second] = await Promise.all([
      ann.delete(`/api/conversations/${group.id}/participants/ann`),
      bob.delete(`/api/conversations/${group.id}/participants/bob`),
    ]);
    expect([first.status, second.status]).toEqual([204, 204]);
    const { body } = await eve.get(`/api/conversations/${group.id}`);
    expect(body.participants.map(({ user_id, role }: Participant) => [user_id, role])).toEqual([
      ['eve', 'admin'],
    ]);
  }
});

test('an edit against a deletion ends deleted, and the edit is refused or came before', async () => {
  for (let round = 0; round < 10; round++) {
    const group = await ann.group(bob);
    const message = await ann.say(group.id, 'now');
    const [edit, removal] = await Promise.all([
      ann.put(`/api/messages/${message.id}`, { content: 'edited' }),
      ann.delete(`/api/messages/${message.id}`),
    ]);
    expect(removal.status).toBe(204);
    expect([200, 409]).toContain(edit.status);
    const { body } = await bob.get(`/api/conversations/${group.id}/messages`);
    expect(body.messages).toMatchObject([{ is_deleted: true, content: '' }]);
  }
});

test('unread counts are exact after reads that race sends', async () => {
  const group = await ann.group(bob);
  const sent: Message[] = [];
  const sending = (async () => {
    for (let count = 0; count < 60; count++) sent.push(await ann.say(group.id, `${count}`));
  })();
  const reading = times(3, async () => {
    for (let count = 0; count < 20; count++) {
      const latest = sent.at(-1);
      if (latest !== undefined) await bob.post(`/api/messages/${latest.id}/read`);
      else await bob.get(`/api/conversations/${group.id}`);
    }
  });
  await Promise.all([sending, reading]);
  const { body } = await bob.get(`/api/conversations/${group.id}`);
  const mine = body.participants.find(({ user_id }: Participant) => user_id === 'bob');
  expect(body.unread_count).toBe(60 - mine.last_read_seq);
  expect((await bob.post(`/api/messages/${sent.at(-1)?.id}/read`)).body.unread_count).toBe(0);
});

test('replies sent together are all counted, each in its own place', async () => {
  const group = await ann.group(bob);
  const parent = await ann.say(group.id, 'question');
  await times(30, (index) =>
    (index % 2 === 0 ? ann : bob).say(group.id, `answer ${index}`, { reply_to_id: parent.id }),
  );
  const { body } = await ann.get(`/api/messages/${parent.id}/replies?limit=20`);
  expect([body.total, body.messages.length, body.has_more]).toEqual([30, 20, true]);
  const rest = await ann.get(`/api/messages/${parent.id}/replies?limit=20&cursor=${body.next_cursor}`);
  const seqs = [...body.messages, ...rest.body.messages].map(({ seq }: Message) => seq);
  expect(seqs).toEqual(Array.from({ length: 30 }, (_, index) => 31 - index));
});
