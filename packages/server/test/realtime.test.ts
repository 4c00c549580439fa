/** Changes of a conversation as people with an open app see them: all of them, at once, in one order. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConversationChange, Message, Participant, ServerFrame } from '@parley/protocol';
import { startServer, type Person, type TestServer } from './support/server.ts';
import type { TestSocket } from './support/socket.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const people = (count: number): Promise<Person[]> => all(count, () => server.person());

const all = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const about = (frames: readonly ServerFrame[], conversationId: string): ServerFrame[] =>
  frames.filter((frame) => 'conversation_id' in frame && frame.conversation_id === conversationId);

/** The durable changes of a conversation, as a socket received them. */
const changesOf = (socket: TestSocket, conversationId: string): ConversationChange[] =>
  about(socket.frames, conversationId).filter((frame): frame is ConversationChange => 'version' in frame);

const versionsOf = (socket: TestSocket, conversationId: string): number[] =>
  changesOf(socket, conversationId).map(({ version }) => version);

const settle = (sockets: readonly TestSocket[]) => Promise.all(sockets.map((socket) => socket.settled()));

test('every change reaches everybody in it: joined or not, on every device, its author’s too', async () => {
  const [ann, bob, cy] = (await people(3)) as [Person, Person, Person];
  const sockets = await Promise.all([ann.connect(), ann.connect(), bob.connect(), bob.connect()]);
  const group = await ann.group(bob);
  const path = `/api/conversations/${group.id}`;
  sockets[2].send({ type: 'join_conversation', conversation_id: group.id, request_id: 'join' });
  await sockets[2].answerTo('join');

  const message = await bob.say(group.id, 'hello');
  const edited = (await bob.put<Message>(`/api/messages/${message.id}`, { content: 'hello, all' })).body;
  await bob.delete(`/api/messages/${message.id}`);
  await ann.put(path, { title: 'Renamed' });
  await ann.post(`${path}/participants`, { user_id: cy.id });
  const muted = (await ann.put<Participant>(`${path}/participants/${cy.id}`, { is_muted: true })).body;
  await ann.delete(`${path}/participants/${cy.id}`);
  const { version, last_seq } = (await ann.get(path)).body;
  await ann.delete(path);

  await settle(sockets);
  const tombstone = { id: message.id, content: '', is_deleted: true, version: 4 };
  for (const socket of sockets) {
    expect(changesOf(socket, group.id)).toMatchObject([
      { type: 'conversation_created', version: 1, conversation: { id: group.id, title: 'A group' } },
      { type: 'new_message', version: 2, message },
      { type: 'message_updated', version: 3, message: { ...edited, version: 3 } },
      { type: 'message_deleted', version: 4, message_id: message.id, message: tombstone },
      { type: 'conversation_updated', version: 5, conversation: { title: 'Renamed', version: 5 } },
      { type: 'participant_added', version: 6, participant: { user_id: cy.id }, participant_count: 3 },
      { type: 'participant_updated', version: 7, participant: muted },
      { type: 'participant_removed', version: 8, user_id: cy.id, participant_count: 2 },
      { type: 'conversation_deleted', version: 9 },
    ]);
  }
  expect([version, last_seq]).toEqual([8, 1]);
});

test('hundreds of changes at once arrive without a gap and in one order at every socket', async () => {
  const everybody = await people(5);
  const [ann, , , , eve] = everybody as [Person, Person, Person, Person, Person];
  const visitor = await server.person();
  let guest = Promise.resolve(false);
  const sockets = await Promise.all([...everybody, ...everybody].map((person) => person.connect()));
  const group = await ann.group(...everybody.slice(1));
  const path = `/api/conversations/${group.id}`;
  const early = await all(40, (index) => (everybody[index % 5] ?? ann).say(group.id, `early ${index}`));
  const done = await all(300, async (index) => {
    const person = everybody[index % 5] ?? ann;
    const mine = early[index % 40] ?? early[0];
    switch (index % 6) {
      case 0:
      case 1:
        return (await person.post(`${path}/messages`, { content: `by REST ${index}` })).status;
      case 2: {
        const [socket, id] = [sockets[index % 10], `send-${index}`];
        socket?.send({
          type: 'send_message',
          conversation_id: group.id,
          content: `by socket ${index}`,
          request_id: id,
        });
        return (await socket?.answerTo(id))?.type;
      }
      case 3:
        return (await ownerOf(mine).put(`/api/messages/${mine?.id}`, { content: `edited ${index}` })).status;
      case 4:
        return (await ann.put(path, { title: `Title ${index}` })).status;
      default:
        return changeMembers(Math.floor(index / 6) % 4);
    }
  });
  expect([...new Set(done)].filter((answer) => ![200, 201, 'message_ack'].includes(answer ?? ''))).toEqual(
    [],
  );

  await settle(sockets);
  const { version } = (await ann.get(path)).body;
  expect(version).toBeGreaterThan(250);
  for (const socket of sockets) expect(versionsOf(socket, group.id)).toEqual(upTo(version));
  const types = new Set(changesOf(sockets[7] ?? raise(), group.id).map(({ type }) => type));
  expect(types).toEqual(
    new Set([
      'conversation_created',
      'new_message',
      'message_updated',
      'conversation_updated',
      'participant_added',
      'participant_updated',
      'participant_removed',
    ]),
  );
  expect(await stateOf(ann, group.id)).toEqual(replayed(changesOf(sockets[7] ?? raise(), group.id)));

  /** The guest comes and goes in turn, so that each time is a change; roles change whenever they do. */
  function changeMembers(turn: number): Promise<number> {
    if (turn > 1) return setRole(turn === 2 ? 'moderator' : 'participant');
    guest = guest.then(async (isIn) => {
      if (isIn) await ann.delete(`${path}/participants/${visitor.id}`);
      else await ann.post(`${path}/participants`, { user_id: visitor.id });
      return !isIn;
    });
    return guest.then(() => 200);
  }

  async function setRole(role: string): Promise<number> {
    return (await ann.put(`${path}/participants/${eve.id}`, { role })).status;
  }

  function ownerOf(message: Message | undefined): Person {
    return everybody.find(({ id }) => id === message?.sender_id) ?? ann;
  }
});

const raise = (): never => {
  throw new Error('there is no such socket');
};

/** What a client knows that applied the changes one after the other. */
function replayed(changes: readonly ConversationChange[]) {
  const messages = new Map<string, string>();
  const roles = new Map<string, string>();
  let title: string | null = null;
  for (const change of changes) {
    if ('message' in change)
      messages.set(change.message.id, `${change.message.version} ${change.message.content}`);
    if (change.type === 'conversation_created') {
      for (const { user_id, role } of change.conversation.participants) roles.set(user_id, role);
    }
    if (change.type === 'conversation_updated') ({ title } = change.conversation);
    if (change.type === 'participant_added' || change.type === 'participant_updated') {
      roles.set(change.participant.user_id, change.participant.role);
    }
    if (change.type === 'participant_removed') roles.delete(change.user_id);
  }
  return { title, roles: sorted(roles), messages: sorted(messages) };
}

/** The same, read afresh. */
async function stateOf(person: Person, conversationId: string) {
  const { body: conversation } = await person.get(`/api/conversations/${conversationId}`);
  const messages = new Map<string, string>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await person.get(`/api/conversations/${conversationId}/messages?limit=100${query}`);
    for (const { id, version, content } of body.messages as Message[])
      messages.set(id, `${version} ${content}`);
    cursor = body.next_cursor;
  }
  const roles = new Map<string, string>(
    conversation.participants.map(({ user_id, role }: Participant) => [user_id, role]),
  );
  return { title: conversation.title, roles: sorted(roles), messages: sorted(messages) };
}

const sorted = (map: ReadonlyMap<string, string>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

test('somebody who is removed hears of it last, and nothing more, whatever is sent meanwhile', async () => {
  for (const way of ['removed', 'left'] as const) {
    const [ann, bob] = (await people(2)) as [Person, Person];
    const group = await ann.group(bob);
    const path = `/api/conversations/${group.id}`;
    const [annSocket, bobSocket, otherDevice] = await Promise.all([
      ann.connect(),
      bob.connect(),
      bob.connect(),
    ]);
    bobSocket.send({ type: 'join_conversation', conversation_id: group.id, request_id: 'join' });
    await bobSocket.answerTo('join');
    const sends = all(30, (index) => ann.say(group.id, `meanwhile ${index}`));
    const removal = await (way === 'removed' ? ann : bob).delete(`${path}/participants/${bob.id}`);
    expect(removal.status).toBe(204);
    await sends;
    await ann.say(group.id, 'among ourselves');
    annSocket.send({ type: 'typing_start', conversation_id: group.id });
    await settle([annSocket, bobSocket, otherDevice]);

    for (const socket of [bobSocket, otherDevice]) {
      const frames = about(socket.frames, group.id);
      expect(frames.at(-1)).toMatchObject({
        type: 'participant_removed',
        user_id: bob.id,
        participant_count: 1,
      });
      const versions = versionsOf(socket, group.id);
      expect(versions).toEqual(upTo(versions.at(-1) ?? 0).slice(1));
    }
    expect(bobSocket.frames.filter(({ type }) => type === 'left_conversation')).toEqual([
      { type: 'left_conversation', conversation_id: group.id },
    ]);
    expect(otherDevice.frames.some(({ type }) => type === 'left_conversation')).toBe(false);
    expect(versionsOf(annSocket, group.id)).toEqual(upTo(33).slice(1));

    expect(await bob.get(`${path}/messages`)).toMatchObject({
      status: 403,
      body: { code: 'not_participant' },
    });
    for (const type of ['join_conversation', 'send_message', 'typing_start']) {
      bobSocket.send({ type, conversation_id: group.id, content: 'still here?', request_id: type });
      expect(await bobSocket.answerTo(type)).toMatchObject({ type: 'error', code: 'not_participant' });
    }
    expect((await bob.get(`/api/users/status?user_ids=${ann.id}`)).body.statuses[0].status).toBe('offline');
  }
});

test('a newcomer receives the conversation, then every change after it; the others do not receive theirs', async () => {
  const [ann, bob, cy] = (await people(3)) as [Person, Person, Person];
  const sockets = await Promise.all([ann.connect(), bob.connect(), cy.connect(), cy.connect()]);
  const group = await ann.group(bob);
  await ann.say(group.id, 'before');
  const path = `/api/conversations/${group.id}/participants`;
  for (const round of [0, 1]) {
    await ann.post(path, { user_id: cy.id, role: 'moderator' });
    await bob.say(group.id, `welcome ${round}`);
    await cy.delete(`${path}/${cy.id}`);
    await bob.say(group.id, 'gone');
  }
  await settle(sockets);
  for (const socket of sockets.slice(2)) {
    const changes = changesOf(socket, group.id);
    expect(changes.map(({ type, version }) => [type, version])).toEqual([
      ['participant_added', 3],
      ['new_message', 4],
      ['participant_removed', 5],
      ['participant_added', 7],
      ['new_message', 8],
      ['participant_removed', 9],
    ]);
    expect(changes[0]).toMatchObject({
      participant: { user_id: cy.id, role: 'moderator' },
      participant_count: 3,
      conversation: { id: group.id, version: 3, my_role: 'moderator', last_message: { content: 'before' } },
    });
    expect(changes[3]).toMatchObject({ conversation: { version: 7, last_message: { content: 'gone' } } });
  }
  for (const socket of sockets.slice(0, 2)) {
    expect(versionsOf(socket, group.id)).toEqual(upTo(10));
    for (const change of changesOf(socket, group.id)) {
      if (change.type === 'participant_added') expect(change.conversation).toBeUndefined();
    }
  }
});

test('each sees a new conversation with their own role, on every device; opening a direct one again tells nobody', async () => {
  const [ann, bob] = (await people(2)) as [Person, Person];
  const sockets = await Promise.all([ann.connect(), ann.connect(), bob.connect(), bob.connect()]);
  const { body: direct } = await ann.post('/api/conversations', {
    type: 'direct',
    participant_ids: [bob.id],
  });
  await bob.post('/api/conversations', { type: 'direct', participant_ids: [ann.id] });
  await settle(sockets);
  for (const [index, socket] of sockets.entries()) {
    expect(changesOf(socket, direct.id)).toMatchObject([
      {
        type: 'conversation_created',
        version: 1,
        conversation: { id: direct.id, my_role: index < 2 ? 'admin' : 'participant', unread_count: 0 },
      },
    ]);
  }
});

test('what nobody else may see reaches no stranger', async () => {
  const [ann, bob, stranger] = (await people(3)) as [Person, Person, Person];
  const socket = await stranger.connect();
  const group = await ann.group(bob);
  await ann.say(group.id, 'ours alone');
  await ann.delete(`/api/conversations/${group.id}`);
  expect((await socket.settled()).map(({ type }) => type)).toEqual(['connected', 'pong']);
});

test('when the last admin leaves, everybody hears who has become one', async () => {
  const [ann, bob, cy] = (await people(3)) as [Person, Person, Person];
  const group = await ann.group(bob, cy);
  const path = `/api/conversations/${group.id}/participants`;
  await ann.put(`${path}/${bob.id}`, { role: 'moderator' });
  const socket = await cy.connect();
  await ann.delete(`${path}/${ann.id}`);
  await socket.settled();
  expect(changesOf(socket, group.id)).toMatchObject([
    { type: 'participant_removed', version: 3, user_id: ann.id, participant_count: 2 },
    { type: 'participant_updated', version: 4, participant: { user_id: bob.id, role: 'admin' } },
  ]);
});

test('an upload and a system message are live messages like any other', async () => {
  const [ann, bob] = (await people(2)) as [Person, Person];
  const group = await ann.group(bob);
  const socket = await bob.connect();
  const form = new FormData();
  form.set('file', new Blob(['some notes\n'], { type: 'text/plain' }), 'notes.txt');
  form.set('content', 'my notes');
  const uploaded = (await ann.post(`/api/conversations/${group.id}/upload`, form)).body;
  const system = await server.service().say(group.id, 'Welcome', { message_type: 'system' });
  await socket.settled();
  expect(changesOf(socket, group.id)).toMatchObject([
    { type: 'new_message', version: 2, message: uploaded },
    { type: 'new_message', version: 3, message: system },
  ]);
});
