import type { ConversationChange, Message } from '@parley/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BusEvent, MissedChanges } from '../messaging/ports.ts';
import { MemoryBus } from './bus-memory.ts';
import { Hub } from './hub.ts';
import type { Listener, Prepared } from './listener.ts';

const people = ['ann', 'bob', 'cem'] as const;
type Somebody = (typeof people)[number];

type Step =
  | { readonly do: 'send' }
  | { readonly do: 'add' | 'remove' | 'connect' | 'loaded' | 'disconnect'; readonly who: Somebody }
  /** The bus brings one of the events under way: the oldest, or one that overtakes it. */
  | { readonly do: 'arrive' | 'arrive twice' | 'get lost'; readonly overtaking: number };

const who = fc.constantFrom(...people);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant({ do: 'send' as const }),
  fc.record({ do: fc.constantFrom('add', 'remove', 'connect', 'loaded', 'disconnect' as const), who }),
  {
    arbitrary: fc.record({
      do: fc.constantFrom('arrive' as const, 'arrive' as const, 'arrive twice' as const),
      overtaking: fc.nat({ max: 3 }),
    }),
    weight: 3,
  },
);
const loss: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('get lost' as const),
  overtaking: fc.nat({ max: 3 }),
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection: what it heard, and from which version on it must hear everything: its cursor says. */
interface Device extends Listener {
  readonly userId: Somebody;
  readonly heard: number[];
  from: number;
  /** Another connection of theirs was there before. */
  readonly isFurther: boolean;
  open: boolean;
}

/** One conversation as the store has it, the events of it that are under way, and the devices that listen. */
class World {
  readonly bus = new MemoryBus({ error: () => expect.unreachable('a listener failed') });
  readonly devices: Device[] = [];
  /** By version: who may hear of that change. */
  readonly concerned: ReadonlySet<string>[] = [new Set()];
  /** By person: the versions at which they came and went, in turn. */
  readonly turns: Readonly<Record<Somebody, number[]>> = { ann: [], bob: [], cem: [] };
  readonly #members = new Set<string>();
  readonly #underWay: BusEvent[] = [];
  readonly #frames: ConversationChange[] = [];
  readonly #loads: { readonly who: string; readonly finish: () => void }[] = [];
  readonly #hub = new Hub({
    bus: this.bus,
    presence: { connected: () => undefined, disconnected: () => undefined },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    clock: { now: Date.now },
    meter: {
      gap: () => expect.unreachable('the store has it all'),
      repaired: (_, count) => (this.repaired += count),
    },
    prepare: (frame) => ({ bytes: Buffer.from(JSON.stringify(frame)), ephemeral: false, change: null }),
    conversations: {
      subscriptions: (userId) => this.#read(userId),
      readMany: async (_, { userId }) =>
        this.#members.has(userId) ? [{ my_role: 'participant', participants: [] } as never] : [],
    },
    changes: {
      changedSince: async () => ({
        horizon: { epoch: 1, xid: 0 },
        conversations: [{ id: 'c', version: this.version }],
        joined: this.#kept(0).joined.map((each) => ({ conversationId: 'c', ...each })),
      }),
      receiptsSince: async () => [],
      receiptsOf: async () => [],
      profilesSince: async () => [],
      changesAfter: async ([place]) => (place === undefined ? [] : [this.#kept(place.version)]),
    },
  });
  repaired = 0;

  get version(): number {
    return this.concerned.length - 1;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) await this.#take(each);
    while (this.#underWay.length > 0) this.#arrive(0);
    for (const load of this.#loads.splice(0)) load.finish();
    await vi.advanceTimersByTimeAsync(0);
  }

  /** Lets the hub look for what did not arrive; what would come in its turn by waiting, too. */
  async repair(): Promise<void> {
    this.#hub.suspect();
    await vi.advanceTimersByTimeAsync(2000);
  }

  close(): void {
    this.#hub.close();
  }

  /** Whether a version is still to be read: what a later change of the same person replaced is not. */
  isKept(version: number): boolean {
    return this.#kept(0).changes.some((frame) => frame.version === version);
  }

  /** The present state, as the store keeps it: the messages, and of each person the last coming and going. */
  #kept(after: number): MissedChanges {
    const changes = this.#frames.filter((frame) => {
      if (frame.type === 'new_message') return true;
      const turns = this.turns[this.#subjectOf(frame)];
      return frame.version === turns.at(-1);
    });
    const joined = people.flatMap((userId) => {
      const turns = this.turns[userId];
      const version = turns.at(turns.length % 2 === 0 ? -2 : -1);
      return version === undefined || version <= after ? [] : [{ userId, version }];
    });
    return {
      conversationId: 'c',
      upTo: this.version,
      participantCount: 3,
      changes: changes.filter(({ version }) => version > after),
      joined,
      gone: [],
      shownAt: new Map(),
    };
  }

  #subjectOf(frame: ConversationChange): Somebody {
    if (frame.type === 'participant_added') return frame.participant.user_id as Somebody;
    if (frame.type === 'participant_removed') return frame.user_id as Somebody;
    throw new Error('not about anybody');
  }

  async #take(each: Step): Promise<void> {
    switch (each.do) {
      case 'send':
        return this.#commit({ type: 'new_message', message: { seq: 1, sender_id: 'dan' } as Message });
      case 'add':
        if (this.#members.has(each.who)) return;
        this.#members.add(each.who);
        this.turns[each.who].push(this.version + 1);
        return this.#commit({
          type: 'participant_added',
          participant: { user_id: each.who },
          participant_count: 3,
        });
      case 'remove':
        if (!this.#members.has(each.who)) return;
        this.#commit({ type: 'participant_removed', user_id: each.who, participant_count: 3 });
        this.#members.delete(each.who);
        this.turns[each.who].push(this.version);
        return;
      case 'arrive':
        return this.#arrive(each.overtaking);
      case 'connect':
        return this.#connect(each.who);
      case 'disconnect':
        for (const device of this.devices.filter(({ userId }) => userId === each.who)) {
          device.open = false;
          this.#hub.detach(device);
        }
        return;
      case 'loaded': {
        const index = this.#loads.findIndex((load) => load.who === each.who);
        if (index >= 0) this.#loads.splice(index, 1)[0]?.finish();
        await vi.advanceTimersByTimeAsync(0);
        return;
      }
      case 'arrive twice':
        return this.#arrive(each.overtaking, true);
      case 'get lost':
        this.#underWay.splice(Math.min(each.overtaking, this.#underWay.length - 1), 1);
    }
  }

  #commit(frame: object): void {
    this.concerned.push(new Set(this.#members));
    const change = { conversation_id: 'c', version: this.version, ...frame } as ConversationChange;
    this.#frames.push(change);
    this.#underWay.push({ audience: { kind: 'conversation', conversationId: 'c' }, frame: change });
  }

  #arrive(overtaking: number, again = false): void {
    const place = Math.min(overtaking, this.#underWay.length - 1);
    const [event] = again ? this.#underWay.slice(place) : this.#underWay.splice(place, 1);
    if (event !== undefined) this.bus.publish(event);
  }

  #connect(userId: Somebody): void {
    const heard: number[] = [];
    const device: Device = {
      userId,
      heard,
      from: Infinity,
      isFurther: this.devices.some((other) => other.userId === userId && other.open),
      joined: null,
      open: true,
      deliver: ({ bytes }: Prepared) =>
        void heard.push((JSON.parse(String(bytes)) as { version: number }).version),
      expectDelivery: () => undefined,
    };
    this.devices.push(device);
    void this.#hub.attach(device).then((cursor) => {
      device.from = Number(cursor) + 1;
    });
  }

  /** The answer is of the moment of asking; it takes until a step says so. */
  #read(userId: string) {
    const here = this.#members.has(userId) ? [{ id: 'c', version: this.version, participantCount: 3 }] : [];
    const cursor = String(this.version);
    const { promise, resolve } = Promise.withResolvers<{ cursor: string; conversations: typeof here }>();
    this.#loads.push({ who: userId, finish: () => resolve({ cursor, conversations: here }) });
    return promise;
  }
}

/** Ann's removal arrives after that she came back, and she had to catch up before. */
const backBeforeGone: Step[] = [
  { do: 'connect', who: 'ann' },
  { do: 'add', who: 'ann' },
  { do: 'add', who: 'bob' },
  { do: 'remove', who: 'ann' },
  { do: 'arrive', overtaking: 1 },
  { do: 'arrive', overtaking: 0 },
  { do: 'connect', who: 'bob' },
  { do: 'add', who: 'ann' },
  { do: 'loaded', who: 'bob' },
  { do: 'loaded', who: 'ann' },
  { do: 'arrive', overtaking: 1 },
];

test('whatever overtakes what, everybody hears each change that concerns them once, in order, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
      const world = new World();
      await world.run(steps);
      world.close();
      for (const device of world.devices) {
        const { userId, heard, from, open } = device;
        expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
        for (const version of heard) expect(world.concerned[version]).toContain(userId);
        if (!open) continue;
        const isMoot = moot(world.turns[userId], device);
        for (const [index, came] of world.turns[userId].entries()) {
          const went = world.turns[userId][index + 1];
          // Whoever heard of a beginning must hear of the end, or they believe to be there for ever.
          if (index % 2 === 0 && went !== undefined && heard.includes(came)) expect(heard).toContain(went);
        }
        const due = world.concerned.flatMap((concerned, version) =>
          version >= from && concerned.has(userId) && !isMoot(version) ? [version] : [],
        );
        expect(heard.filter((version) => version >= from && !isMoot(version))).toEqual(due);
      }
    }),
    { numRuns: 3000, examples: [[backBeforeGone]] },
  );
});

/**
 * Whether a version is of a stay that began after `from` and is over. Where the end overtook the beginning, nothing may
 * be heard of it: what somebody has then is the same. Likewise where a further connection read of a stay that the first
 * never heard of, once the next stay has begun, which opens the conversation anew.
 */
const moot =
  (turns: readonly number[], { from, isFurther, heard }: Device) =>
  (version: number): boolean =>
    turns.some((came, index) => {
      const [went, next] = turns.slice(index + 1);
      if (index % 2 === 1 || went === undefined || version < came || version > went) return false;
      return came >= from || (isFurther && next !== undefined && heard.includes(next));
    });

test('whatever is lost, doubled or overtaken, after a look at the store everybody has all that concerns them, once, in order', async () => {
  let repaired = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ arbitrary: step, weight: 4 }, loss), { maxLength: 120, size: 'max' }),
      async (steps) => {
        const world = new World();
        await world.run(steps);
        await world.repair();
        world.close();
        repaired += world.repaired;
        for (const { userId, heard, from, open } of world.devices) {
          expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
          for (const version of heard) expect(world.concerned[version]).toContain(userId);
          if (!open) continue;
          const turns = world.turns[userId];
          const isIn = turns.length % 2 === 1;
          // What somebody believes of themselves: the last that they heard of it, else what they began with.
          const last = turns.findLastIndex((version) => heard.includes(version));
          const began = turns.filter((version) => version < from).length % 2 === 1;
          expect(last < 0 ? began : last % 2 === 0).toBe(isIn);
          if (!isIn) continue;
          const since = Math.max(from, turns.at(-1) ?? 0);
          const due = world.concerned.flatMap((_, version) =>
            version >= since && (world.isKept(version) || heard.includes(version)) ? [version] : [],
          );
          expect(heard.filter((version) => version >= since)).toEqual(due);
        }
      },
    ),
    { numRuns: 2000 },
  );
  expect(repaired).toBeGreaterThan(1000);
});
