/** Who is there, as what, and who is typing: what others see of it, and when it ends. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits, type Conversation, type ServerFrame, type UserStatus } from '@parley/protocol';
import { startServer, type Person, type TestServer } from './support/server.ts';
import type { TestSocket } from './support/socket.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

interface Pair {
  readonly ann: Person;
  readonly bob: Person;
  readonly group: Conversation;
}

/** Two people in a group of their own. */
async function pair(): Promise<Pair> {
  const [ann, bob] = await Promise.all([server.person(), server.person()]);
  return { ann, bob, group: await ann.group(bob) };
}

async function connectJoined(person: Person, conversationId: string): Promise<TestSocket> {
  const socket = await person.connect();
  socket.send({ type: 'join_conversation', conversation_id: conversationId, request_id: 'join' });
  expect(await socket.answerTo('join')).toEqual({
    type: 'joined_conversation',
    conversation_id: conversationId,
    request_id: 'join',
  });
  return socket;
}

async function statusOf(viewer: Person, person: Person): Promise<UserStatus> {
  const { body } = await viewer.get<{ statuses: UserStatus[] }>(`/api/users/status?user_ids=${person.id}`);
  const [status] = body.statuses;
  if (status === undefined) throw new Error('no status was answered');
  return status;
}

const typing = (group: Conversation, on = true) => ({
  type: on ? 'typing_start' : 'typing_stop',
  conversation_id: group.id,
});

/** Frames about typing and status, in short: `typing_start`, `typing:true`, `busy`. */
const signs = (frames: readonly ServerFrame[], about: Person): string[] =>
  frames.flatMap((frame) => {
    if (frame.type === 'typing_start' || frame.type === 'typing_stop') return [frame.type];
    if (frame.type !== 'user_status_change' || frame.user_id !== about.id) return [];
    return [frame.conversation_id === null ? frame.status : `typing:${frame.is_typing}`];
  });

const started = ['typing_start', 'typing:true'];
const stopped = ['typing_stop', 'typing:false'];

/** Fails if typing ended only because the time without a word of it was over. */
function expectSoon(since: number): void {
  expect(Date.now() - since).toBeLessThan(limits.typingMs - 1000);
}

/** Joining waits its turn behind the typing that was sent before it. */
async function joinAfterTyping(socket: TestSocket, group: Conversation): Promise<void> {
  socket.send({ type: 'join_conversation', conversation_id: group.id, request_id: 'after' });
  await socket.answerTo('after');
}

describe.concurrent('typing', () => {
  test('is seen by those who joined the conversation, and by nobody else', async () => {
    const { ann, bob, group } = await pair();
    const [watching, elsewhere, own, ownOther] = await Promise.all([
      connectJoined(bob, group.id),
      bob.connect(),
      connectJoined(ann, group.id),
      connectJoined(ann, group.id),
    ]);
    const since = Date.now();
    own.send(typing(group));
    expect(await watching.next('typing_start')).toEqual({
      type: 'typing_start',
      user_id: ann.id,
      conversation_id: group.id,
    });
    expect(await watching.next('user_status_change')).toEqual({
      type: 'user_status_change',
      user_id: ann.id,
      status: 'online',
      is_typing: true,
      conversation_id: group.id,
      last_seen_at: null,
    });
    expect(await statusOf(bob, ann)).toMatchObject({ is_typing: true, typing_in_conversation: group.id });
    own.send(typing(group));
    own.send(typing(group, false));
    await watching.next('typing_stop');
    await watching.next('user_status_change', (frame) => !frame.is_typing);
    expectSoon(since);
    for (const socket of [elsewhere, own, ownOther]) {
      const types = (await socket.settled()).map(({ type }) => type);
      expect(types).not.toContain('typing_start');
      expect(types).not.toContain('typing_stop');
    }
    // Saying it twice is no news.
    expect(signs(watching.frames, ann).filter((sign) => sign !== 'online')).toEqual([...started, ...stopped]);
    expect(await statusOf(bob, ann)).toMatchObject({ is_typing: false, typing_in_conversation: null });
  });

  test('is no longer seen by whoever left the conversation’s page', async () => {
    const { ann, bob, group } = await pair();
    const [watching, own] = await Promise.all([connectJoined(bob, group.id), ann.connect()]);
    watching.send({ type: 'leave_conversation', conversation_id: group.id, request_id: 'leave' });
    expect(await watching.answerTo('leave')).toEqual({
      type: 'left_conversation',
      conversation_id: group.id,
      request_id: 'leave',
    });
    const other = await connectJoined(bob, group.id);
    own.send(typing(group));
    await other.next('typing_start');
    await watching.settled();
    expect(watching.frames.some(({ type }) => type === 'typing_start')).toBe(false);
  });

  test.each([
    ['a message by REST', ({ ann, group }: Pair) => ann.say(group.id, 'done')],
    [
      'a message by the socket',
      async ({ group }: Pair, socket: TestSocket) =>
        socket.send({ type: 'send_message', conversation_id: group.id, content: 'done' }),
    ],
    ['closing the socket', async (_: Pair, socket: TestSocket) => socket.close()],
    ['a socket that breaks', async (_: Pair, socket: TestSocket) => socket.terminate()],
    ['saying so by REST', ({ ann }: Pair) => ann.put('/api/users/status', { is_typing: false })],
    [
      'leaving the conversation',
      ({ ann, group }: Pair) => ann.delete(`/api/conversations/${group.id}/participants/${ann.id}`),
    ],
  ])('ends by %s', async (_name, end) => {
    const scene = await pair();
    const [watching, own] = await Promise.all([
      connectJoined(scene.bob, scene.group.id),
      scene.ann.connect(),
    ]);
    const since = Date.now();
    own.send(typing(scene.group));
    await watching.next('typing_start');
    await end(scene, own);
    expect(await watching.next('typing_stop')).toMatchObject({
      user_id: scene.ann.id,
      conversation_id: scene.group.id,
    });
    expect(
      await watching.next('user_status_change', (frame) => frame.conversation_id !== null),
    ).toMatchObject({
      is_typing: false,
      conversation_id: scene.group.id,
    });
    expectSoon(since);
  });

  test('ends by itself six seconds after the last word of it', async () => {
    const { ann, bob, group } = await pair();
    const [watching, own] = await Promise.all([connectJoined(bob, group.id), ann.connect()]);
    const since = Date.now();
    own.send(typing(group));
    await watching.next('typing_stop');
    expect(Date.now() - since).toBeGreaterThan(limits.typingMs - 500);
    expect((await statusOf(bob, ann)).is_typing).toBe(false);
  });

  test('goes on while another device of theirs types', async () => {
    const { ann, bob, group } = await pair();
    const [watching, phone, laptop] = await Promise.all([
      connectJoined(bob, group.id),
      ann.connect(),
      ann.connect(),
    ]);
    phone.send(typing(group));
    await watching.next('typing_start');
    laptop.send(typing(group));
    await joinAfterTyping(laptop, group);
    phone.send(typing(group, false));
    await phone.settled();
    expect((await statusOf(bob, ann)).is_typing).toBe(true);
    const since = Date.now();
    laptop.close();
    await watching.next('typing_stop');
    expectSoon(since);
    await watching.settled();
    expect(signs(watching.frames, ann).filter((sign) => sign !== 'online')).toEqual([...started, ...stopped]);
  });

  test('over REST is typing, too, and ends with the same words', async () => {
    const { ann, bob, group } = await pair();
    const watching = await connectJoined(bob, group.id);
    const own = await ann.connect();
    const since = Date.now();
    const { status, body } = await ann.put('/api/users/status', {
      status: 'busy',
      is_typing: true,
      typing_in_conversation: group.id,
    });
    expect([status, body]).toEqual([
      200,
      {
        user_id: ann.id,
        status: 'busy',
        is_typing: true,
        typing_in_conversation: group.id,
        last_seen_at: null,
      },
    ]);
    expect(await watching.next('typing_start')).toMatchObject({ user_id: ann.id });
    await ann.put('/api/users/status', { is_typing: false, typing_in_conversation: null });
    expect(await watching.next('typing_stop')).toMatchObject({ user_id: ann.id });
    expectSoon(since);
    expect(await ann.put('/api/users/status', { is_typing: true })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/typing_in_conversation' }] },
    });
    own.close();
  });

  test('is refused to strangers and those who are muted, and shows to no stranger', async () => {
    const { ann, bob, group } = await pair();
    const stranger = await server.person();
    await ann.put(`/api/conversations/${group.id}/participants/${bob.id}`, { is_muted: true });
    const [watching, muted, strange] = await Promise.all([
      connectJoined(ann, group.id),
      connectJoined(bob, group.id),
      stranger.connect(),
    ]);
    muted.send({ ...typing(group), request_id: 'r' });
    strange.send({ ...typing(group), request_id: 'r' });
    expect(await muted.answerTo('r')).toMatchObject({ type: 'error', code: 'muted' });
    expect(await strange.answerTo('r')).toMatchObject({ type: 'error', code: 'not_participant' });
    // To stop is refused to who could not have begun, and to nobody else.
    strange.send({ ...typing(group, false), request_id: 's' });
    expect(await strange.answerTo('s')).toMatchObject({ type: 'error', code: 'not_participant' });
    strange.send({ type: 'typing_stop', conversation_id: 'nowhere', request_id: 'n' });
    expect(await strange.answerTo('n')).toMatchObject({ type: 'error', code: 'conversation_not_found' });
    muted.send(typing(group, false));
    await joinAfterTyping(muted, group);
    expect(muted.frames.filter(({ type }) => type === 'error')).toHaveLength(1);
    watching.send(typing(group));
    expect(await muted.next('typing_start')).toMatchObject({ user_id: ann.id });
    expect(watching.frames.some(({ type }) => type === 'typing_start')).toBe(false);
    expect((await statusOf(bob, ann)).is_typing).toBe(true);
    expect(await statusOf(stranger, ann)).toEqual({
      user_id: ann.id,
      status: 'offline',
      is_typing: false,
      typing_in_conversation: null,
      last_seen_at: null,
    });
  });
});

describe.concurrent('presence', () => {
  test('people who share a conversation see somebody come, once, whatever the number of devices', async () => {
    const { ann, bob } = await pair();
    const watching = await ann.connect();
    expect((await statusOf(ann, bob)).status).toBe('offline');
    const phone = await bob.connect();
    expect(await watching.next('user_status_change')).toEqual({
      type: 'user_status_change',
      user_id: bob.id,
      status: 'online',
      is_typing: false,
      conversation_id: null,
      last_seen_at: null,
    });
    expect(await statusOf(ann, bob)).toMatchObject({ status: 'online', last_seen_at: null });
    const laptop = await bob.connect();
    phone.close();
    await phone.closed();
    await bob.put('/api/users/status', { status: 'away' });
    await watching.next('user_status_change');
    expect(signs(watching.frames, bob)).toEqual(['online', 'away']);
    laptop.close();
  });

  test('a reconnection within the grace is not seen; without one they are offline, with when they were last seen', async () => {
    const { ann, bob } = await pair();
    const watching = await ann.connect();
    for (let round = 0; round < 3; round++) {
      const socket = await bob.connect();
      socket.close();
      await socket.closed();
    }
    const since = Date.now();
    expect((await statusOf(ann, bob)).status).toBe('online');
    const gone = await watching.next('user_status_change', ({ status }) => status === 'offline');
    expect(Date.now() - since).toBeGreaterThan(limits.presenceGraceMs - 1000);
    expect(signs(watching.frames, bob)).toEqual(['online', 'offline']);
    const lastSeen = Date.parse(gone.last_seen_at ?? '');
    expect(Math.abs(lastSeen - since)).toBeLessThan(5000);
    expect(await statusOf(ann, bob)).toMatchObject({ status: 'offline', last_seen_at: gone.last_seen_at });
    await bob.connect();
    expect(await watching.next('user_status_change')).toMatchObject({ status: 'online', last_seen_at: null });
  });

  test('what somebody set lasts over reconnections; offline hides them while they are there', async () => {
    const { ann, bob } = await pair();
    const watching = await ann.connect();
    await bob.put('/api/users/status', { status: 'busy' });
    expect((await statusOf(ann, bob)).status).toBe('offline');
    const socket = await bob.connect();
    expect(await watching.next('user_status_change')).toMatchObject({ user_id: bob.id, status: 'busy' });

    expect((await bob.put('/api/users/status', { status: 'offline' })).status).toBe(200);
    const hidden = await watching.next('user_status_change');
    expect(hidden).toMatchObject({ user_id: bob.id, status: 'offline', last_seen_at: expect.any(String) });
    expect(await statusOf(ann, bob)).toMatchObject({ status: 'offline' });
    const again = await bob.connect();
    socket.close();
    await socket.closed();
    await bob.put('/api/users/status', { status: 'online' });
    expect(await watching.next('user_status_change')).toMatchObject({ status: 'online', last_seen_at: null });
    expect(signs(watching.frames, bob)).toEqual(['busy', 'offline', 'online']);
    again.close();
  });

  test('who hides is not seen to type, live or by asking', async () => {
    const { ann, bob, group } = await pair();
    const [watching, hidden] = await Promise.all([
      connectJoined(ann, group.id),
      connectJoined(bob, group.id),
    ]);
    await watching.next('user_status_change');
    await bob.put('/api/users/status', { status: 'offline' });
    await watching.next('user_status_change', ({ status }) => status === 'offline');
    hidden.send({ ...typing(group), request_id: 'silent' });
    await joinAfterTyping(hidden, group);
    await bob.put('/api/users/status', { is_typing: true, typing_in_conversation: group.id });
    expect(await statusOf(ann, bob)).toMatchObject({ status: 'offline', is_typing: false });
    await watching.settled();
    expect(signs(watching.frames, bob)).toEqual(['online', 'offline']);
    expect(hidden.frames.some(({ type }) => type === 'error')).toBe(false);
    // Shown again, they are seen to type again.
    await bob.put('/api/users/status', { status: 'online' });
    hidden.send(typing(group));
    expect(await watching.next('typing_start')).toMatchObject({ user_id: bob.id });
  });

  test('what somebody set is not told twice', async () => {
    const { ann, bob } = await pair();
    const watching = await ann.connect();
    await bob.connect();
    for (const status of ['away', 'away', 'busy']) await bob.put('/api/users/status', { status });
    await watching.next('user_status_change', ({ status }) => status === 'busy');
    expect(signs(watching.frames, bob)).toEqual(['online', 'away', 'busy']);
  });

  test('strangers see nothing of each other, live or by asking; many are asked for at once', async () => {
    const [{ ann, bob }, stranger] = await Promise.all([pair(), server.person()]);
    const strange = await stranger.connect();
    await ann.connect();
    await bob.connect();
    await ann.put('/api/users/status', { status: 'busy' });
    expect((await strange.settled()).map(({ type }) => type)).toEqual(['connected', 'pong']);
    const query = [ann, bob, stranger].map(({ id }) => `user_ids=${id}`).join('&');
    const { body } = await stranger.get<{ statuses: UserStatus[] }>(`/api/users/status?${query}`);
    expect(body.statuses.map(({ user_id, status }) => [user_id, status])).toEqual([
      [ann.id, 'offline'],
      [bob.id, 'offline'],
      [stranger.id, 'online'],
    ]);
    const many = Array.from({ length: 101 }, (_, index) => `user_ids=u${index}`);
    expect((await stranger.get(`/api/users/status?${many.join('&')}`)).status).toBe(422);
    expect((await stranger.get(`/api/users/status?${many.slice(1).join('&')}`)).body.statuses).toHaveLength(
      100,
    );
  });

  test('in a conversation of more than 200 people nobody’s coming is told, but who asks is answered', async () => {
    const { ann, bob, group } = await pair();
    const crowd = Array.from({ length: limits.receiptAudience - 1 }, (_, index) => ({
      id: `${ann.id}-${index}`,
    }));
    await ann.group(...crowd, { id: 'dan' });
    await bob.delete(`/api/conversations/${group.id}/participants/${bob.id}`);
    const large = await ann.group(bob, ...crowd);
    expect(large.participant_count).toBe(limits.receiptAudience + 1);
    const watching = await ann.connect();
    await bob.connect();
    await bob.put('/api/users/status', { status: 'away' });
    // A change of somebody else's, where it is told, follows any that there might be.
    const cy = await server.person();
    await ann.group(cy);
    await cy.connect();
    await watching.next('user_status_change', ({ user_id }) => user_id === cy.id);
    expect(signs(watching.frames, bob)).toEqual([]);
    expect((await statusOf(ann, bob)).status).toBe('away');
  });

  test('somebody who was just added to a conversation is seen from then on', async () => {
    const [{ ann, group }, cy] = await Promise.all([pair(), server.person()]);
    const [watching] = await Promise.all([ann.connect(), cy.connect()]);
    expect((await statusOf(ann, cy)).status).toBe('offline');
    await ann.post(`/api/conversations/${group.id}/participants`, { user_id: cy.id });
    expect((await statusOf(ann, cy)).status).toBe('online');
    await cy.put('/api/users/status', { status: 'away' });
    expect(await watching.next('user_status_change')).toMatchObject({ user_id: cy.id, status: 'away' });
  });
});
