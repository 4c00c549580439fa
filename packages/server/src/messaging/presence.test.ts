import type { ServerFrame, UserStatusType } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryBus } from '../realtime/bus-memory.ts';
import { MemoryPresenceState } from '../realtime/presence-memory.ts';
import { serviceActor, type UserActor } from './actor.ts';
import type { BusEvent, ConversationStore } from './ports.ts';
import type { PresenceWatcher } from './presence-state.ts';
import { Presence } from './presence.ts';

const user = (userId: string): UserActor => ({
  kind: 'user',
  userId,
  displayName: userId,
  avatarUrl: null,
  appRole: 'student',
});
const [ann, bob, eve] = [user('ann'), user('bob'), user('eve')];

let events: BusEvent[];
let stored: Map<string, { status: UserStatusType; lastSeenAt: string | null }>;
/** Who is in which conversation; 'large' has more people than hear of statuses. */
let members: Map<string, Set<string>>;
let muted: Set<string>;
let gate: Promise<void> | null;
/** What keeping a status waits for. */
let saving: Promise<void> | null;
let bus: MemoryBus;
let presence: Presence;
let state: MemoryPresenceState;
/** What the state would tell of other nodes. */
let watcher: PresenceWatcher;
/** Statements that the store was asked for. */
let statements: number;
const log = { warn: vi.fn(), error: vi.fn() };

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') });
  log.warn.mockClear();
  [events, stored, muted, gate, saving, statements] = [[], new Map(), new Set(), null, null, 0];
  members = new Map([
    ['c', new Set(['ann', 'bob'])],
    ['d', new Set(['ann', 'cem'])],
    ['large', new Set(['ann', 'bob', 'cem'])],
  ]);
  bus = new MemoryBus(log);
  const clock = { now: Date.now };
  const isIn = (conversationId: string, userId: string) => members.get(conversationId)?.has(userId) === true;
  state = Object.assign(new MemoryPresenceState(clock), {
    watch: (each: PresenceWatcher) => (watcher = each),
  });
  presence = new Presence({
    bus,
    clock,
    log,
    state,
    statuses: {
      readStatuses: async (userIds) => {
        statements++;
        return new Map([...stored].filter(([userId]) => userIds.includes(userId)));
      },
      saveStatus: async (userId, status) => {
        await saving;
        stored.set(userId, { lastSeenAt: null, ...stored.get(userId), status });
      },
      saveLastSeen: async (seen) => {
        statements++;
        for (const { userId, at } of seen)
          stored.set(userId, { status: 'online', ...stored.get(userId), lastSeenAt: at });
      },
      acquaintances: async (viewer, userIds) =>
        new Set(
          userIds.filter(
            (id) => id === viewer || [...members.keys()].some((c) => isIn(c, id) && isIn(c, viewer)),
          ),
        ),
    },
    conversations: {
      access: async (id, actor) => {
        await gate;
        if (!members.has(id)) return null;
        const membership = isIn(id, actor.userId)
          ? { role: 'participant', isMuted: muted.has(actor.userId) }
          : null;
        return { conversationId: id, type: 'group', lastSeq: 0, participantCount: 2, membership } as const;
      },
      smallConversations: async (userIds) => {
        statements++;
        const small = [...members.keys()].filter((id) => id !== 'large');
        return new Map(userIds.map((userId) => [userId, small.filter((id) => isIn(id, userId))]));
      },
    } as Partial<ConversationStore> as ConversationStore,
  });
  bus.subscribe((event) => events.push(event));
});

afterEach(async () => {
  await presence.close();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** What was told since the last time, in words. */
const told = (): string[] =>
  events
    .splice(0)
    .map(({ frame }) =>
      frame.type === 'user_status_change'
        ? `${frame.user_id} ${frame.status}${frame.is_typing ? ` typing in ${frame.conversation_id}` : ''}`
        : frame.type,
    );

async function connected(userId: string): Promise<void> {
  presence.connected(userId, ['c', 'd']);
  await pass(0);
}

const statusOf = async (userId: string, viewer = bob) => (await presence.statuses(viewer, [userId]))[0];

test('somebody who comes is online for those who share a small conversation, not for themselves', async () => {
  await connected('ann');
  expect(events[0]?.audience).toEqual({ kind: 'conversations', conversationIds: ['c', 'd'], except: 'ann' });
  expect(told()).toEqual(['ann online']);
  expect(await statusOf('ann')).toEqual({
    user_id: 'ann',
    status: 'online',
    is_typing: false,
    typing_in_conversation: null,
    last_seen_at: null,
  });
});

test('who comes back within the grace never went', async () => {
  await connected('ann');
  told();
  presence.disconnected('ann');
  await pass(9900);
  expect(await statusOf('ann')).toMatchObject({ status: 'online' });
  await connected('ann');
  await pass(60_000);
  expect(told()).toEqual([]);
});

test('after the grace they are offline, last seen when their connection ended', async () => {
  await connected('ann');
  told();
  presence.disconnected('ann');
  await pass(10_100);
  expect(events[0]?.audience).toEqual({ kind: 'conversations', conversationIds: ['c', 'd'], except: 'ann' });
  expect(events[0]?.frame).toMatchObject({ status: 'offline', last_seen_at: '2030-01-01T00:00:00.000Z' });
  expect(told()).toEqual(['ann offline']);
  expect(await statusOf('ann')).toMatchObject({
    status: 'offline',
    last_seen_at: '2030-01-01T00:00:00.000Z',
  });
});

test('what somebody set shows while they are there, and each change is told once', async () => {
  await connected('ann');
  expect(await presence.setStatus(ann, { status: 'busy' })).toMatchObject({ user_id: 'ann', status: 'busy' });
  await presence.setStatus(ann, { status: 'busy' });
  expect(told()).toEqual(['ann online', 'ann busy']);
  presence.disconnected('ann');
  await pass(11_000);
  await connected('ann');
  expect(told()).toEqual(['ann offline', 'ann busy']);
});

test('who is not connected shows as offline, whatever they set', async () => {
  expect(await presence.setStatus(ann, { status: 'away' })).toMatchObject({ status: 'away' });
  expect(told()).toEqual([]);
  expect(await statusOf('ann')).toMatchObject({ status: 'offline' });
});

test('who hides goes offline for others at once, and nobody hears when they really go or come', async () => {
  await connected('ann');
  await pass(1000);
  await presence.setStatus(ann, { status: 'offline' });
  expect(told()).toEqual(['ann online', 'ann offline']);
  await pass(5000);
  presence.disconnected('ann');
  await pass(11_000);
  await connected('ann');
  expect(told()).toEqual([]);
  expect(await statusOf('ann')).toMatchObject({
    status: 'offline',
    last_seen_at: '2030-01-01T00:00:01.000Z',
  });
  await presence.setStatus(ann, { status: 'online' });
  expect(told()).toEqual(['ann online']);
});

test('who hides may type, and nobody sees it, until they show themselves and type again', async () => {
  await connected('ann');
  await presence.setStatus(ann, { status: 'offline' });
  told();
  await presence.typing(ann, 'c', true, 'phone');
  expect(await presence.setStatus(ann, { is_typing: true, typing_in_conversation: 'c' })).toMatchObject({
    status: 'offline',
    is_typing: false,
    typing_in_conversation: null,
  });
  await presence.typing(ann, 'c', false, 'phone');
  await pass(10_000);
  expect(told()).toEqual([]);
  expect(await statusOf('ann')).toMatchObject({ status: 'offline', is_typing: false });
  await presence.setStatus(ann, { status: 'busy', is_typing: true, typing_in_conversation: 'c' });
  expect(told()).toEqual(['ann busy', 'typing_start', 'ann busy typing in c']);
});

test('who hides while typing is seen to stop, and then to go', async () => {
  await connected('ann');
  await presence.typing(ann, 'c', true, 'phone');
  await pass(0);
  told();
  expect(await presence.setStatus(ann, { status: 'offline' })).toMatchObject({ is_typing: false });
  await pass(0);
  expect(told()).toEqual(['typing_stop', 'ann online', 'ann offline']);
  await pass(10_000);
  expect(told()).toEqual([]);
});

test('who hides while it is asked whether they may type is not seen to', async () => {
  await connected('ann');
  told();
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const typing = presence.typing(ann, 'c', true, 'phone');
  await presence.setStatus(ann, { status: 'offline' });
  resolve();
  await typing;
  await pass(0);
  expect(told()).toEqual(['ann offline']);
  expect(await statusOf('ann')).toMatchObject({ is_typing: false });
});

test('who types while their hiding is being kept is not seen to, and can be seen to when they are back', async () => {
  await connected('ann');
  told();
  const { promise, resolve } = Promise.withResolvers<void>();
  saving = promise;
  const hiding = presence.setStatus(ann, { status: 'offline' });
  await presence.typing(ann, 'c', true, 'phone');
  resolve();
  await hiding;
  await pass(0);
  expect(told()).toEqual(['ann offline']);
  await presence.setStatus(ann, { status: 'online' });
  await presence.typing(ann, 'c', true, 'phone');
  await pass(0);
  expect(told()).toEqual(['ann online', 'typing_start', 'ann online typing in c']);
});

test('of a stranger one learns nothing', async () => {
  await connected('ann');
  await presence.typing(ann, 'c', true, 'phone');
  stored.set('ann', { status: 'busy', lastSeenAt: '2029-01-01T00:00:00.000Z' });
  const nothing = {
    user_id: 'ann',
    status: 'offline',
    is_typing: false,
    typing_in_conversation: null,
    last_seen_at: null,
  };
  expect(await statusOf('ann', eve)).toEqual(nothing);
  expect(await presence.statuses(eve, ['nobody', 'ann', 'ann'])).toEqual([
    { ...nothing, user_id: 'nobody' },
    nothing,
  ]);
  expect((await presence.statuses(serviceActor, ['ann']))[0]).toMatchObject({
    status: 'busy',
    is_typing: true,
  });
});

test('that somebody types in a conversation is known to those who are in it alone', async () => {
  await connected('ann');
  await presence.typing(ann, 'c', true, 'phone');
  expect(await statusOf('ann')).toMatchObject({ is_typing: true, typing_in_conversation: 'c' });
  expect(await statusOf('ann', user('cem'))).toMatchObject({
    status: 'online',
    is_typing: false,
    typing_in_conversation: null,
  });
});

test('typing is told to those who joined but not to the typist, and a repetition only prolongs it', async () => {
  await connected('ann');
  told();
  await presence.typing(ann, 'c', true, 'phone');
  await pass(4000);
  expect(events.map(({ audience }) => audience)).toEqual(
    Array.from({ length: 2 }, () => ({
      kind: 'conversation',
      conversationId: 'c',
      joinedOnly: true,
      except: 'ann',
    })),
  );
  expect(told()).toEqual(['typing_start', 'ann online typing in c']);
  await presence.typing(ann, 'c', true, 'phone');
  await pass(5900);
  expect(told()).toEqual([]);
  await pass(200);
  expect(told()).toEqual(['typing_stop', 'ann online']);
  expect(await statusOf('ann')).toMatchObject({ is_typing: false });
});

test.for<[string, () => unknown]>([
  ['a stop', () => presence.typing(ann, 'c', false, 'phone')],
  ['the message', () => presence.messageSent('ann', 'c')],
  ['the end of the connection', () => presence.closed('ann', 'phone')],
  ['a status that says so', () => presence.setStatus(ann, { is_typing: false })],
  [
    'being removed',
    () => bus.publish(change({ type: 'participant_removed', user_id: 'ann', participant_count: 1 })),
  ],
  ['the end of the conversation', () => bus.publish(change({ type: 'conversation_deleted' }))],
])('typing ends by %s', async ([, end]) => {
  await presence.typing(ann, 'c', true, 'phone');
  await pass(0);
  told();
  await end();
  await pass(0);
  expect(told().filter((what) => what.startsWith('typing'))).toEqual(['typing_stop']);
  await pass(10_000);
  expect(told()).toEqual([]);
  expect(await statusOf('ann')).toMatchObject({ is_typing: false });
});

const change = (frame: object): BusEvent => ({
  audience: { kind: 'conversation', conversationId: 'c' },
  frame: { conversation_id: 'c', version: 1, ...frame } as ServerFrame,
});

test('who types on two devices types until both have ended', async () => {
  await presence.typing(ann, 'c', true, 'phone');
  await presence.typing(ann, 'c', true, 'laptop');
  await pass(0);
  told();
  presence.closed('ann', 'phone');
  await pass(0);
  expect(told()).toEqual([]);
  presence.closed('ann', 'laptop');
  await pass(0);
  expect(told()).toEqual(['typing_stop', 'ann offline']);
});

test('a message that is sent before the right to type was read ends the typing all the same', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const typing = presence.typing(ann, 'c', true, 'phone');
  presence.messageSent('ann', 'c');
  resolve();
  await typing;
  await pass(0);
  expect(told()).toEqual([]);
});

test('who may not type there does not', async () => {
  await expect(presence.typing(eve, 'c', true, 'phone')).rejects.toMatchObject({ code: 'not_participant' });
  await expect(presence.typing(ann, 'nowhere', true, 'phone')).rejects.toMatchObject({
    code: 'conversation_not_found',
  });
  await expect(presence.typing(serviceActor, 'c', true, 'x')).rejects.toMatchObject({
    code: 'insufficient_role',
  });
  // Nor do they stop, unless they could have begun; to be silent is never refused to who is in it.
  await expect(presence.typing(eve, 'c', false, 'phone')).rejects.toMatchObject({ code: 'not_participant' });
  await expect(presence.typing(ann, 'nowhere', false, 'phone')).rejects.toMatchObject({
    code: 'conversation_not_found',
  });
  muted.add('ann');
  await presence.typing(ann, 'c', false, 'phone');
  await expect(presence.typing(ann, 'c', true, 'phone')).rejects.toMatchObject({ code: 'muted' });
  await expect(
    presence.setStatus(ann, { is_typing: true, typing_in_conversation: 'c' }),
  ).rejects.toMatchObject({ code: 'muted' });
  expect(told()).toEqual([]);
});

test('a status by REST can say where somebody types, and must if they do', async () => {
  expect(
    await presence.setStatus(ann, { status: 'online', is_typing: true, typing_in_conversation: 'c' }),
  ).toMatchObject({
    is_typing: true,
    typing_in_conversation: 'c',
  });
  expect(
    await presence.setStatus(ann, { status: 'online', is_typing: false, typing_in_conversation: null }),
  ).toMatchObject({
    is_typing: false,
    typing_in_conversation: null,
  });
  await expect(presence.setStatus(ann, { is_typing: true })).rejects.toMatchObject({
    code: 'validation_failed',
  });
  await expect(presence.setStatus(serviceActor, { status: 'away' })).rejects.toMatchObject({
    code: 'insufficient_role',
  });
});

test('a store that is away breaks nothing, and is logged', async () => {
  stored.get = () => {
    throw new Error('away');
  };
  Object.defineProperty(stored, Symbol.iterator, {
    value: () => {
      throw new Error('away');
    },
  });
  await connected('ann');
  expect(log.warn).toHaveBeenCalled();
  presence.disconnected('ann');
  await pass(11_000);
  expect(told()).toEqual([]);
});

test('a node that ends keeps when those were last seen who left a moment before', async () => {
  await connected('ann');
  await pass(2000);
  presence.disconnected('ann');
  await presence.close();
  expect(stored.get('ann')?.lastSeenAt).toBe('2030-01-01T00:00:02.000Z');
});

const seenAt = Date.parse('2029-12-31T23:59:50.000Z');

test('people of a node that died go, last seen when it was; not who hid, nor who is here by now', async () => {
  stored.set('bob', { status: 'offline', lastSeenAt: null });
  await connected('cem');
  told();
  await watcher.gone(['ann', 'bob', 'cem'], seenAt);
  expect(events[0]?.frame).toMatchObject({ status: 'offline', last_seen_at: '2029-12-31T23:59:50.000Z' });
  expect(told()).toEqual(['ann offline']);
  expect(stored.get('ann')?.lastSeenAt).toBe('2029-12-31T23:59:50.000Z');
  expect(stored.get('bob')?.lastSeenAt).toBeNull();
});

test('thousands who go with a node cost a few statements', async () => {
  const crowd = Array.from({ length: 5000 }, (_, index) => `person-${index}`);
  for (const who of crowd) members.get('c')?.add(who);
  await watcher.gone(crowd, seenAt);
  expect(events).toHaveLength(5000);
  expect(statements).toBeLessThan(60);
});

test('who can be seen is said to be there when others may think otherwise', async () => {
  stored.set('ann', { status: 'busy', lastSeenAt: null }).set('bob', { status: 'offline', lastSeenAt: null });
  await watcher.back(['ann', 'bob']);
  expect(told()).toEqual(['ann busy']);
});

/** As if another node had told it. */
const fromElsewhere = (userId: string, status: UserStatusType) =>
  bus.publish({
    audience: { kind: 'conversations', conversationIds: ['c'], except: userId },
    frame: {
      type: 'user_status_change',
      user_id: userId,
      status,
      is_typing: false,
      conversation_id: null,
      last_seen_at: null,
    },
  });

test('who is here is not left offline by a node that did not know it', async () => {
  await connected('ann');
  told();
  fromElsewhere('ann', 'offline');
  await pass(0);
  expect(told()).toEqual(['ann offline', 'ann online']);
  fromElsewhere('bob', 'offline');
  await pass(0);
  expect(told(), 'who is not here may well be gone').toEqual(['bob offline']);
});

test('who hides by another node is not contradicted, and is seen to stop typing', async () => {
  await connected('ann');
  await presence.typing(ann, 'c', true, 'phone');
  await pass(0);
  told();
  stored.set('ann', { status: 'offline', lastSeenAt: null });
  fromElsewhere('ann', 'offline');
  await pass(0);
  expect(told()).toEqual(['ann offline', 'typing_stop', 'ann offline']);
});

test('what the message itself ends, it ends on whichever node it was typed', async () => {
  await presence.typing(ann, 'c', true, 'phone');
  await pass(0);
  told();
  bus.publish(change({ type: 'new_message', message: { sender_id: 'ann' } }));
  await pass(0);
  expect(told()).toEqual(['new_message', 'typing_stop', 'ann offline']);
});

test('who types on a node that dies does not type for ever; who goes on typing does', async () => {
  const start = (userId: string) =>
    bus.publish({
      audience: { kind: 'conversation', conversationId: 'c', joinedOnly: true },
      frame: { type: 'typing_start', user_id: userId, conversation_id: 'c' },
    });
  start('ann');
  start('bob');
  told();
  await state.setTyping('bob', 'c', Date.now() + 12_000);
  await pass(6900);
  expect(told()).toEqual([]);
  await pass(2200);
  expect(told()).toEqual(['typing_stop', 'ann offline']);
  await pass(10_000);
  expect(told()).toEqual(['typing_stop', 'bob offline']);
});

test('whom people here heard of, or asked for, is remembered', async () => {
  const toldOf = vi.spyOn(state, 'told');
  fromElsewhere('ann', 'busy');
  fromElsewhere('cem', 'offline');
  await connected('ann');
  await presence.statuses(bob, ['ann', 'eve']);
  expect(toldOf.mock.calls).toEqual([
    ['ann', true],
    ['cem', false],
    ['ann', true],
    ['ann', true],
  ]);
});
