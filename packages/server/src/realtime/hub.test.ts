import type { ConversationChange, Message, Participant, ServerFrame } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BusEvent, MovedWatermarks } from '../messaging/ports.ts';
import { MemoryBus } from './bus-memory.ts';
import { Hub } from './hub.ts';
import type { Listener, Prepared } from './listener.ts';

type Subscriptions = {
  cursor: string;
  conversations: { id: string; version: number; participantCount: number }[];
};

/** A connection that notes what it is given, in words: "new_message 3". */
class Ear implements Listener {
  readonly userId: string;
  joined: Set<string> | null = null;
  readonly heard: string[] = [];
  readonly expected: string[] = [];
  readonly buffers: Buffer[] = [];

  constructor(userId: string) {
    this.userId = userId;
  }

  deliver({ bytes }: Prepared): void {
    const frame = JSON.parse(bytes.toString()) as ServerFrame;
    this.heard.push('version' in frame ? `${frame.type} ${frame.version}` : frame.type);
    this.buffers.push(bytes);
  }

  expectDelivery(conversationId: string, seq: number): void {
    this.expected.push(`${conversationId} ${seq}`);
  }
}

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
let bus: MemoryBus;
let hub: Hub;
let gaps: number;
let encoded: number;
/** What the store answers; a test may make it wait. */
let store: Map<string, Subscriptions['conversations']>;
let gate: Promise<void> | null;
/** The changes of `c` that the store has; and whether it answers. */
let kept: ConversationChange[];
let moved: MovedWatermarks[];
let away: boolean;
let repaired: { change: number; receipt: number };
const presence = { connected: vi.fn(), disconnected: vi.fn() };

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  bus = new MemoryBus(log);
  store = new Map();
  gate = null;
  [kept, moved, away] = [[], [], false];
  repaired = { change: 0, receipt: 0 };
  gaps = 0;
  encoded = 0;
  hub = new Hub({
    bus,
    presence,
    log,
    clock: { now: Date.now },
    meter: { gap: () => gaps++, repaired: (kind, count) => (repaired[kind] += count) },
    prepare: (frame) => ({
      bytes: Buffer.from((encoded++, JSON.stringify(frame))),
      ephemeral: false,
      change: null,
    }),
    changes: {
      changedSince: async (since) => ({
        horizon: { epoch: 1, xid: 1 },
        conversations: since === null ? [] : [{ id: 'c', version: kept.at(-1)?.version ?? 0 }],
        joined: [],
      }),
      receiptsSince: async () => moved,
      receiptsOf: async () => [],
      profilesSince: async () => [],
      changesAfter: async ([place]) => {
        if (away) throw new Error('the store is away');
        const after = place?.version ?? 0;
        const changes = kept.filter(({ version }) => version > after);
        const upTo = kept.at(-1)?.version ?? 0;
        const rest = { joined: [], gone: [], shownAt: new Map() };
        return [{ conversationId: 'c', upTo, participantCount: 3, changes, ...rest }];
      },
    },
    conversations: {
      readMany: async () => [],
      // The snapshot is taken when it is asked for; the answer may take its time.
      subscriptions: async (userId) => {
        const conversations = (store.get(userId) ?? []).map((each) => ({ ...each }));
        await gate;
        return { cursor: `cursor of ${userId}`, conversations };
      },
    },
  });
});

afterEach(() => {
  hub.close();
  vi.useRealTimers();
  // The bus logs what a listener of it throws, and goes on.
  expect(log.error).not.toHaveBeenCalled();
});

const inConversation = (id: string, version: number, participantCount = 3) => ({
  id,
  version,
  participantCount,
});

async function connect(userId: string, ...conversations: Subscriptions['conversations']): Promise<Ear> {
  store.set(userId, conversations);
  const ear = new Ear(userId);
  await hub.attach(ear);
  return ear;
}

const message = (version: number, senderId = 'ann', conversationId = 'c'): BusEvent => ({
  audience: { kind: 'conversation', conversationId },
  frame: {
    type: 'new_message',
    conversation_id: conversationId,
    version,
    message: { seq: version, sender_id: senderId, created_at: new Date().toISOString() } as Message,
  },
});

const removed = (version: number, userId: string): BusEvent => ({
  audience: { kind: 'conversation', conversationId: 'c' },
  frame: {
    type: 'participant_removed',
    conversation_id: 'c',
    version,
    user_id: userId,
    participant_count: 2,
  },
});

function added(version: number, userId: string): BusEvent {
  const frame = {
    type: 'participant_added',
    conversation_id: 'c',
    version,
    participant: { user_id: userId },
    participant_count: 3,
  } as ServerFrame & { type: 'participant_added' };
  const conversation = { id: 'c' } as NonNullable<typeof frame.conversation>;
  return {
    audience: { kind: 'conversation', conversationId: 'c' },
    frame,
    personal: { userId, frame: { ...frame, conversation } },
  };
}

const created = (userIds: string[]): BusEvent => ({
  audience: { kind: 'users', userIds },
  frame: {
    type: 'conversation_created',
    conversation_id: 'c',
    version: 1,
    conversation: { id: 'c', participant_count: userIds.length, participants: [] as Participant[] },
  } as ServerFrame,
});

const publish = (...events: BusEvent[]): void => events.forEach((event) => bus.publish(event));
const typing = (except?: string): BusEvent => ({
  audience: {
    kind: 'conversation',
    conversationId: 'c',
    joinedOnly: true,
    ...(except !== undefined && { except }),
  },
  frame: { type: 'typing_start', conversation_id: 'c', user_id: 'ann' },
});

test('participants hear a message, encoded once for all of them, and strangers do not', async () => {
  const [ann, bob, eve] = [
    await connect('ann', inConversation('c', 0)),
    await connect('bob', inConversation('c', 0)),
    await connect('eve'),
  ];
  publish(message(1));
  expect(ann.heard).toEqual(['new_message 1']);
  expect(bob.heard).toEqual(['new_message 1']);
  expect(bob.buffers[0]).toBe(ann.buffers[0]);
  expect(encoded).toBe(1);
  expect(eve.heard).toEqual([]);
});

test('changes that overtook each other are heard in the order of their versions, each once', async () => {
  const bob = await connect('bob', inConversation('c', 3));
  publish(message(6), message(5), message(3), message(4), message(5), message(7));
  expect(bob.heard).toEqual(['new_message 4', 'new_message 5', 'new_message 6', 'new_message 7']);
  expect(gaps).toBe(0);
});

const keep = (...events: BusEvent[]): void => {
  for (const { frame } of events) if ('version' in frame) kept.push(frame);
};

test('a change that does not come is fetched after a second or so, and the others wait for it', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  keep(message(1), message(2), message(3), message(4));
  publish(message(1), message(3), message(4));
  expect(bob.heard).toEqual(['new_message 1']);
  await vi.advanceTimersByTimeAsync(1600);
  publish(message(2));
  expect(bob.heard).toEqual(['new_message 1', 'new_message 2', 'new_message 3', 'new_message 4']);
  expect([gaps, repaired.change > 0]).toEqual([0, true]);
});

test('while the store is away nothing is given up, and its log says so once', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  keep(message(1), message(2), message(3));
  away = true;
  publish(message(2));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(bob.heard).toEqual([]);
  expect(log.warn.mock.calls.map(([, text]) => String(text)).filter((text) => /did not/.test(text))).toEqual([
    'changes that did not arrive could not be read; trying again',
  ]);
  away = false;
  await vi.advanceTimersByTimeAsync(6000);
  expect(bob.heard).toEqual(['new_message 1', 'new_message 2', 'new_message 3']);
});

test('what the store does not have either is given up, and told of', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  publish(message(1), message(3), message(4));
  await vi.advanceTimersByTimeAsync(1600);
  expect(bob.heard).toEqual(['new_message 1', 'new_message 3', 'new_message 4']);
  expect(gaps).toBe(1);
  publish(message(5), message(2), message(2));
  expect(bob.heard.slice(3)).toEqual(['new_message 5']);
});

test('however much comes after a hole, all of it is heard, and little of it is held', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  for (let version = 1; version < 900; version++) keep(message(version));
  for (let version = 2; version < 900; version++) publish(message(version));
  await vi.advanceTimersByTimeAsync(0);
  expect(bob.heard).toEqual(kept.map(({ version }) => `new_message ${version}`));
});

test('a change of which nothing ever came is found by looking, after a pause of this process, too', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  keep(message(1));
  vi.setSystemTime(Date.now() + 30_000);
  await vi.advanceTimersByTimeAsync(4000);
  expect(bob.heard).toEqual(['new_message 1']);
});

test('after a suspicion it is found at once', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  keep(message(1));
  hub.suspect();
  await vi.advanceTimersByTimeAsync(600);
  expect(bob.heard).toEqual(['new_message 1']);
});

test('a receipt that did not come is told once; one that was heard is not', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  const marks = { conversationId: 'c', last_read_seq: 2, last_delivered_seq: 3, messageId: 'm' };
  const read = {
    type: 'message_read',
    conversation_id: 'c',
    message_id: 'm',
    user_id: 'ann',
    last_seq: 2,
  } as const;
  publish({ audience: { kind: 'conversation', conversationId: 'c' }, frame: read });
  publish({
    audience: { kind: 'conversation', conversationId: 'c' },
    frame: { type: 'message_delivered', conversation_id: 'c', user_id: 'ann', last_seq: 3 },
  });
  moved = [
    { ...marks, user_id: 'ann' },
    { ...marks, user_id: 'cem' },
  ];
  await vi.advanceTimersByTimeAsync(12_000);
  expect(bob.heard).toEqual(['message_read', 'message_delivered', 'message_read', 'message_delivered']);
  expect(repaired.receipt).toBe(2);
});

test('what somebody here is about is followed, and let go of a little after the last of them', async () => {
  const followed = vi.spyOn(bus, 'follow');
  const unfollowed = vi.spyOn(bus, 'unfollow');
  const phone = await connect('bob', inConversation('c', 0));
  const laptop = await connect('bob', inConversation('c', 0));
  const topics = [[{ kind: 'user', id: 'bob' }], [{ kind: 'conversation', id: 'c' }]];
  expect(followed.mock.calls).toEqual(topics);
  hub.detach(phone);
  hub.detach(laptop);
  // Whoever comes back at once finds it followed.
  const again = await connect('bob', inConversation('c', 0));
  await vi.advanceTimersByTimeAsync(5000);
  expect(unfollowed).not.toHaveBeenCalled();
  hub.detach(again);
  await vi.advanceTimersByTimeAsync(5000);
  expect(followed.mock.calls).toEqual(topics);
  expect(unfollowed.mock.calls).toEqual(topics);
});

test('somebody added hears of it with the conversation, and of all that follows; the others without it', async () => {
  const ann = await connect('ann', inConversation('c', 4));
  const bob = await connect('bob');
  publish(added(5, 'bob'), message(6));
  expect(bob.heard).toEqual(['participant_added 5', 'new_message 6']);
  expect(ann.heard).toEqual(['participant_added 5', 'new_message 6']);
  expect(JSON.parse(String(bob.buffers[0]))).toHaveProperty('conversation.id', 'c');
  expect(JSON.parse(String(ann.buffers[0]))).not.toHaveProperty('conversation');
});

test('what overtakes the addition of the first listener here is not lost', async () => {
  const bob = await connect('bob');
  publish(message(6), added(5, 'bob'), message(7));
  expect(bob.heard).toEqual(['participant_added 5', 'new_message 6', 'new_message 7']);
});

test('an addition that waits for what was before it is not lost when those who wait with it disconnect', async () => {
  const ann = await connect('ann', inConversation('c', 0));
  const bob = await connect('bob');
  publish(added(2, 'bob'));
  hub.detach(ann);
  publish(message(3));
  expect(bob.heard).toEqual(['participant_added 2', 'new_message 3']);
});

test('a conversation opens for everybody in it, and its first message follows', async () => {
  const [ann, bob] = [await connect('ann'), await connect('bob')];
  publish(message(2), created(['ann', 'bob', 'somewhere-else']));
  expect(ann.heard).toEqual(['conversation_created 1', 'new_message 2']);
  expect(bob.heard).toEqual(ann.heard);
  expect(hub.size).toEqual({ members: 2, channels: 1 });
});

test('an addition on its way is not lost when somebody else connects who is ahead of it', async () => {
  const bob = await connect('bob');
  // Bob was added at 5 and a message sent at 6; Ann reads both from the store before the bus brings them.
  const ann = await connect('ann', inConversation('c', 6));
  publish(added(5, 'bob'), message(6), message(7));
  expect(bob.heard).toEqual(['participant_added 5', 'new_message 6', 'new_message 7']);
  expect(ann.heard).toEqual(['new_message 7']);
});

test('a second device does not swallow what is on its way to the first', async () => {
  const phone = await connect('bob');
  const laptop = await connect('bob', inConversation('c', 5));
  publish(added(5, 'bob'));
  expect(phone.heard).toEqual(['participant_added 5']);
  expect(laptop.heard).toEqual(['participant_added 5']);
});

test('who is removed hears that last, and nothing that comes after it', async () => {
  const [ann, bob] = [
    await connect('ann', inConversation('c', 0)),
    await connect('bob', inConversation('c', 0)),
  ];
  hub.join(bob, 'c');
  publish(message(1), removed(2, 'bob'), message(3), typing());
  expect(bob.heard).toEqual(['new_message 1', 'left_conversation', 'participant_removed 2']);
  expect(ann.heard).toEqual(['new_message 1', 'participant_removed 2', 'new_message 3']);
  expect(bob.joined).toBeNull();
});

test('who is removed hears nothing of the time after it while the removal itself is held back', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  hub.join(bob, 'c');
  publish(removed(2, 'bob'), message(3), typing());
  expect(bob.heard).toEqual([]);
  publish(message(1));
  expect(bob.heard).toEqual(['new_message 1', 'left_conversation', 'participant_removed 2']);
  expect(hub.size.channels).toBe(0);
});

test('an addition that arrives after a later removal lets nobody back in', async () => {
  const bob = await connect('bob');
  publish(removed(6, 'bob'), added(5, 'bob'), message(7));
  expect(bob.heard).toEqual(['participant_added 5', 'participant_removed 6']);
});

test('nor does one that arrives long after it', async () => {
  const bob = await connect('bob');
  publish(removed(6, 'bob'));
  await vi.advanceTimersByTimeAsync(30_000);
  publish(added(5, 'bob'), message(7));
  await vi.advanceTimersByTimeAsync(3000);
  publish(message(8));
  expect(bob.heard).toEqual([]);
});

test('who was removed and is added again hears everything from then on', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  publish(removed(1, 'bob'), message(2), added(3, 'bob'), message(4));
  expect(bob.heard).toEqual(['participant_removed 1', 'participant_added 3', 'new_message 4']);
});

test('a deleted conversation says so and falls silent', async () => {
  const bob = await connect('bob', inConversation('c', 0));
  hub.join(bob, 'c');
  const deleted = { type: 'conversation_deleted', conversation_id: 'c', version: 1 } as const;
  publish({ audience: { kind: 'conversation', conversationId: 'c' }, frame: deleted }, typing(), message(2));
  expect(bob.heard).toEqual(['conversation_deleted 1']);
  expect(hub.size.channels).toBe(0);
});

// While somebody's conversations are being read, things go on.
async function whileLoading(
  userId: string,
  conversations: Subscriptions['conversations'],
  happen: () => void,
): Promise<Ear> {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const connected = connect(userId, ...conversations);
  happen();
  gate = null;
  resolve();
  return connected;
}

test('what happens while somebody connects reaches them, in order, once', async () => {
  const ann = await connect('ann', inConversation('c', 2));
  const bob = await whileLoading('bob', [inConversation('c', 2)], () => publish(message(4), message(3)));
  publish(message(5));
  expect(bob.heard).toEqual(['new_message 3', 'new_message 4', 'new_message 5']);
  expect(ann.heard).toEqual(bob.heard);
});

test('a removal while somebody connects wins over what was read before it', async () => {
  await connect('ann', inConversation('c', 2));
  const bob = await whileLoading('bob', [inConversation('c', 2)], () =>
    publish(removed(3, 'bob'), message(4)),
  );
  publish(message(5));
  expect(bob.heard).toEqual(['participant_removed 3']);
});

test('an addition while somebody connects counts, though it was not read', async () => {
  await connect('ann', inConversation('c', 2));
  const bob = await whileLoading('bob', [], () => publish(added(3, 'bob'), message(4)));
  expect(bob.heard).toEqual(['participant_added 3', 'new_message 4']);
});

test('who was added and removed again while they connect is out', async () => {
  await connect('ann', inConversation('c', 2));
  const bob = await whileLoading('bob', [], () => publish(added(3, 'bob'), removed(4, 'bob'), message(5)));
  publish(message(6));
  expect(bob.heard).toEqual(['participant_added 3', 'participant_removed 4']);
});

test('who reads a version that has not arrived here yet receives only what is newer', async () => {
  const ann = await connect('ann', inConversation('c', 2));
  const bob = await connect('bob', inConversation('c', 4));
  publish(message(3), message(4), message(5));
  expect(ann.heard).toEqual(['new_message 3', 'new_message 4', 'new_message 5']);
  expect(bob.heard).toEqual(['new_message 5']);
});

test('connections of one person that arrive together are loaded for once', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const [phone, laptop] = [new Ear('bob'), new Ear('bob')];
  store.set('bob', [inConversation('c', 0)]);
  const attached = Promise.all([hub.attach(phone), hub.attach(laptop)]);
  resolve();
  expect(await attached).toEqual(['cursor of bob', 'cursor of bob']);
  publish(message(1));
  expect([phone.heard, laptop.heard]).toEqual([['new_message 1'], ['new_message 1']]);
  expect(presence.connected).toHaveBeenCalledExactlyOnceWith('bob', ['c']);
});

test('a connection that ends while it is set up leaves nothing behind', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  store.set('bob', [inConversation('c', 0)]);
  const ear = new Ear('bob');
  const attached = hub.attach(ear);
  hub.detach(ear);
  resolve();
  await attached;
  expect(hub.size).toEqual({ members: 0, channels: 0 });
  expect(presence.connected).not.toHaveBeenCalled();
  expect(presence.disconnected).not.toHaveBeenCalled();
});

test('presence hears of the first connection and of the end of the last, and nothing stays', async () => {
  const phone = await connect('bob', inConversation('c', 0), inConversation('large', 0, 201));
  const laptop = await connect('bob', inConversation('c', 0));
  hub.join(laptop, 'c');
  hub.detach(phone);
  expect(presence.disconnected).not.toHaveBeenCalled();
  hub.detach(laptop);
  hub.detach(laptop);
  expect(presence.connected).toHaveBeenCalledExactlyOnceWith('bob', ['c']);
  expect(presence.disconnected).toHaveBeenCalledExactlyOnceWith('bob');
  expect(hub.size).toEqual({ members: 0, channels: 0 });
});

test('when the store is away, connecting fails and leaves nothing behind', async () => {
  gate = Promise.reject(new Error('the store is away'));
  await expect(connect('bob')).rejects.toThrow('the store is away');
  expect(hub.size).toEqual({ members: 0, channels: 0 });
});

test('typing reaches those who joined, and not the typist', async () => {
  const ears = [];
  for (const userId of ['ann', 'bob', 'cem']) ears.push(await connect(userId, inConversation('c', 0)));
  const [ann, bob, cem] = ears as [Ear, Ear, Ear];
  hub.join(ann, 'c');
  hub.join(bob, 'c');
  publish(typing('ann'));
  hub.leave(bob, 'c');
  publish(typing('ann'));
  expect([ann.heard, bob.heard, cem.heard]).toEqual([[], ['typing_start'], []]);
});

test('who joined before the hub heard of their addition hears typing after it', async () => {
  const bob = await connect('bob');
  hub.join(bob, 'c');
  publish(added(1, 'bob'), typing());
  expect(bob.heard).toEqual(['participant_added 1', 'typing_start']);
});

test('a status change reaches those who share several conversations once', async () => {
  const bob = await connect('bob', inConversation('c', 0), inConversation('d', 0));
  const frame = {
    type: 'user_status_change',
    user_id: 'ann',
    status: 'online',
    is_typing: false,
    conversation_id: null,
    last_seen_at: null,
  } as const;
  publish({
    audience: { kind: 'conversations', conversationIds: ['c', 'd', 'nowhere'], except: 'ann' },
    frame,
  });
  expect(bob.heard).toEqual(['user_status_change']);
});

test('deliveries are expected of others than the sender, in conversations of any size', async () => {
  const ann = await connect('ann', inConversation('c', 0), inConversation('large', 0, 201));
  const bob = await connect('bob', inConversation('c', 0), inConversation('large', 0, 201));
  publish(message(1), message(1, 'ann', 'large'));
  expect(bob.expected).toEqual(['c 1', 'large 1']);
  expect(ann.expected).toEqual([]);
  expect(['c', 'large', 'nowhere'].map((id) => hub.participantCount(id))).toEqual([3, 201, 0]);
});
