/** Every action × conversation role × application role × standing, over HTTP and over the WebSocket, against the table. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appRoles, participantRoles, type AppRole, type ParticipantRole } from '@parley/protocol';
import { permissions, refuse, type Action } from '../src/messaging/permissions.ts';
import { startServer, type Person, type TestServer } from './support/server.ts';
import type { TestSocket } from './support/socket.ts';

type Standing = 'member' | 'muted' | 'former' | 'stranger';
const standings: readonly Standing[] = ['member', 'muted', 'former', 'stranger'];

let server: TestServer;
let owner: Person;
let other: Person;

beforeAll(async () => {
  server = await startServer();
  [owner, other] = await Promise.all([server.person('owner'), server.person('other')]);
});
afterAll(() => server.close());

interface Scene {
  readonly conversationId: string;
  readonly ownMessageId: string | null;
  readonly foreignMessageId: string;
  readonly person: Person;
}

/** A group in which `person` stands as asked, and `other` is an ordinary participant. */
async function setScene(person: Person, role: ParticipantRole, standing: Standing): Promise<Scene> {
  const group = await owner.group(other);
  const foreign = await owner.say(group.id, 'by the owner');
  const people = `/api/conversations/${group.id}/participants`;
  let own = null;
  if (standing !== 'stranger') {
    await owner.post(people, { user_id: person.id, role });
    own = await person.say(group.id, 'mine');
  }
  if (standing === 'muted') await owner.put(`${people}/${person.id}`, { is_muted: true });
  if (standing === 'former') await owner.delete(`${people}/${person.id}`);
  return { conversationId: group.id, ownMessageId: own?.id ?? null, foreignMessageId: foreign.id, person };
}

/** How each action is asked for; the code of its refusal, or null. */
const attempts: Record<Action, (scene: Scene) => Promise<string | null>> = {
  'conversation.read': ({ person, conversationId }) =>
    codeOf(person.get(`/api/conversations/${conversationId}/messages`)),
  'conversation.join': (scene) =>
    bySocket(
      scene,
      { type: 'join_conversation', conversation_id: scene.conversationId },
      'joined_conversation',
    ),
  'conversation.update': ({ person, conversationId }) =>
    codeOf(person.put(`/api/conversations/${conversationId}`, { title: 'New' })),
  'conversation.delete': ({ person, conversationId }) =>
    codeOf(person.delete(`/api/conversations/${conversationId}`)),
  'message.send': async (scene) => {
    const byRest = await codeOf(
      scene.person.post(`/api/conversations/${scene.conversationId}/messages`, { content: 'x' }),
    );
    const frame = { type: 'send_message', conversation_id: scene.conversationId, content: 'x' };
    expect(await bySocket(scene, frame, 'message_ack')).toBe(byRest);
    return byRest;
  },
  'message.send_system': ({ person, conversationId }) =>
    codeOf(
      person.post(`/api/conversations/${conversationId}/messages`, { content: 'x', message_type: 'system' }),
    ),
  'message.upload': ({ person, conversationId }) => {
    const form = new FormData();
    form.set('file', new Blob(['a plain text\n'], { type: 'text/plain' }), 'a.txt');
    return codeOf(person.post(`/api/conversations/${conversationId}/upload`, form));
  },
  'message.edit': ({ person, ownMessageId, foreignMessageId }) =>
    codeOf(person.put(`/api/messages/${ownMessageId ?? foreignMessageId}`, { content: 'new' })),
  'message.delete': ({ person, ownMessageId, foreignMessageId }) =>
    codeOf(person.delete(`/api/messages/${ownMessageId ?? foreignMessageId}`)),
  'message.read': async (scene) => {
    const byRest = await codeOf(scene.person.post(`/api/messages/${scene.foreignMessageId}/read`));
    expect(
      await bySocket(scene, { type: 'message_read', message_id: scene.foreignMessageId }, 'read_ack'),
    ).toBe(byRest);
    return byRest;
  },
  'message.type': ({ person, conversationId }) =>
    codeOf(person.put('/api/users/status', { is_typing: true, typing_in_conversation: conversationId })),
  'participant.add': ({ person, conversationId }) =>
    codeOf(person.post(`/api/conversations/${conversationId}/participants`, { user_id: 'newcomer' })),
  'participant.remove': ({ person, conversationId }) =>
    codeOf(person.delete(`/api/conversations/${conversationId}/participants/other`)),
  'participant.leave': ({ person, conversationId }) =>
    codeOf(person.delete(`/api/conversations/${conversationId}/participants/${person.id}`)),
  'participant.mute': ({ person, conversationId }) =>
    codeOf(person.put(`/api/conversations/${conversationId}/participants/other`, { is_muted: true })),
  'participant.set_role': ({ person, conversationId }) =>
    codeOf(person.put(`/api/conversations/${conversationId}/participants/other`, { role: 'moderator' })),
};

async function codeOf(answer: Promise<{ status: number; body: { code?: string } }>): Promise<string | null> {
  const { status, body } = await answer;
  return status < 300 ? null : (body.code ?? String(status));
}

const sockets = new Map<string, Promise<TestSocket>>();

async function bySocket({ person }: Scene, frame: object, answer: string): Promise<string | null> {
  if (!sockets.has(person.id)) sockets.set(person.id, person.connect());
  const socket = await sockets.get(person.id);
  if (socket === undefined) throw new Error('no socket');
  const id = `r${socket.frames.length}-${Math.random()}`;
  socket.send({ ...frame, request_id: id });
  const found = await socket.answerTo(id);
  if (found.type === 'error') return found.code;
  expect(found.type).toBe(answer);
  return null;
}

const allowedWhen = (
  action: Action,
  role: ParticipantRole,
  standing: Standing,
  person: Person,
): string | null => {
  const present = standing === 'member' || standing === 'muted';
  if (action === 'message.send_system') return 'system_only';
  return refuse(
    action,
    { kind: 'user', userId: person.id, displayName: '', avatarUrl: null, appRole: 'student' },
    {
      membership: present ? { role, isMuted: standing === 'muted' } : null,
      senderId: person.id,
      targetRole: 'participant',
    },
  );
};

test.for(Object.keys(permissions) as Action[])('%s follows the table for everybody', async (action) => {
  const cases = participantRoles.flatMap((role) =>
    appRoles.flatMap((appRole) => standings.map((standing) => ({ role, appRole, standing }))),
  );
  for (const { role, appRole, standing } of cases) {
    const person = await personOf(role, appRole, standing);
    const scene = await setScene(person, role, standing);
    expect({ role, appRole, standing, code: await attempts[action](scene) }).toEqual({
      role,
      appRole,
      standing,
      code: allowedWhen(action, role, standing, person),
    });
  }
});

const people = new Map<string, Promise<Person>>();

function personOf(role: ParticipantRole, appRole: AppRole, standing: Standing): Promise<Person> {
  const name = `${role}-${appRole}-${standing}`;
  const known = people.get(name) ?? server.person(name, { app_metadata: { role: appRole } });
  people.set(name, known);
  return known;
}

test('the table itself: what each role may, spelled out', () => {
  const may = (role: ParticipantRole, isMuted = false) =>
    (Object.keys(permissions) as Action[]).filter(
      (action) =>
        refuse(
          action,
          { kind: 'user', userId: 'me', displayName: '', avatarUrl: null, appRole: 'admin' },
          { membership: { role, isMuted }, senderId: 'me', targetRole: 'participant' },
        ) === null,
    );
  const participant = [
    'conversation.read',
    'conversation.join',
    'message.send',
    'message.upload',
    'message.edit',
    'message.delete',
    'message.read',
    'message.type',
    'participant.leave',
  ];
  const moderator = [
    ...participant,
    'conversation.update',
    'participant.add',
    'participant.remove',
    'participant.mute',
  ];
  expect(may('participant').toSorted()).toEqual(participant.toSorted());
  expect(may('moderator').toSorted()).toEqual(moderator.toSorted());
  expect(may('admin').toSorted()).toEqual(
    [...moderator, 'conversation.delete', 'participant.set_role'].toSorted(),
  );
  expect(may('participant', true).toSorted()).toEqual([
    'conversation.join',
    'conversation.read',
    'message.delete',
    'message.read',
    'participant.leave',
  ]);
});

test('a moderator touches neither an admin nor another moderator', () => {
  const moderator = {
    kind: 'user',
    userId: 'me',
    displayName: '',
    avatarUrl: null,
    appRole: 'admin',
  } as const;
  for (const targetRole of ['admin', 'moderator'] as const) {
    for (const action of ['participant.remove', 'participant.mute'] as const) {
      expect(
        refuse(action, moderator, { membership: { role: 'moderator', isMuted: false }, targetRole }),
      ).toBe('insufficient_role');
      expect(refuse(action, moderator, { membership: { role: 'admin', isMuted: false }, targetRole })).toBe(
        null,
      );
    }
  }
});

test('the service role may act everywhere, but reads, types and joins as nobody', async () => {
  const group = await owner.group(other);
  const message = await owner.say(group.id, 'hello');
  const service = server.service();
  expect((await service.get(`/api/conversations/${group.id}/messages`)).status).toBe(200);
  expect((await service.put(`/api/conversations/${group.id}`, { title: 'By the system' })).status).toBe(200);
  expect(
    (await service.put(`/api/conversations/${group.id}/participants/other`, { role: 'moderator' })).status,
  ).toBe(200);
  expect((await service.post(`/api/messages/${message.id}/read`)).body.code).toBe('insufficient_role');
  expect((await service.put(`/api/messages/${message.id}`, { content: 'forged' })).body.code).toBe(
    'not_message_owner',
  );
  expect((await service.delete(`/api/conversations/${group.id}`)).status).toBe(204);
});
