import type { Message, ServerFrame } from '@parley/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BusEvent } from '../messaging/ports.ts';
import { MemoryBus } from './bus-memory.ts';
import { Hub } from './hub.ts';
import type { Listener, Prepared } from './listener.ts';

const people = ['ann', 'bob', 'cem'] as const;
type Somebody = (typeof people)[number];

type Step =
  | { readonly do: 'send' }
  | { readonly do: 'add' | 'remove' | 'connect' | 'loaded' | 'disconnect'; readonly who: Somebody }
  /** The bus brings one of the events under way: the oldest, or one that overtakes it. */
  | { readonly do: 'arrive'; readonly overtaking: number };

const who = fc.constantFrom(...people);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant({ do: 'send' as const }),
  fc.record({ do: fc.constantFrom('add', 'remove', 'connect', 'loaded', 'disconnect' as const), who }),
  { arbitrary: fc.record({ do: fc.constant('arrive' as const), overtaking: fc.nat({ max: 3 }) }), weight: 3 },
);

/** A connection: what it heard, and from which version on it must hear everything: its cursor says. */
interface Device extends Listener {
  readonly userId: Somebody;
  readonly heard: number[];
  from: number;
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
  readonly #loads: { readonly who: string; readonly finish: () => void }[] = [];
  readonly #hub = new Hub({
    bus: this.bus,
    presence: { connected: () => undefined, disconnected: () => undefined },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    clock: { now: () => 0 },
    meter: { gap: () => expect.unreachable('nothing was lost') },
    prepare: (frame) => ({ bytes: Buffer.from(JSON.stringify(frame)), ephemeral: false }),
    conversations: { subscriptions: (userId) => this.#read(userId) },
  });

  get version(): number {
    return this.concerned.length - 1;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) await this.#take(each);
    while (this.#underWay.length > 0) this.#arrive(0);
    for (const load of this.#loads.splice(0)) load.finish();
    await new Promise(setImmediate);
    this.#hub.close();
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
        await new Promise(setImmediate);
      }
    }
  }

  #commit(frame: object): void {
    this.concerned.push(new Set(this.#members));
    this.#underWay.push({
      audience: { kind: 'conversation', conversationId: 'c' },
      frame: { conversation_id: 'c', version: this.version, ...frame } as ServerFrame,
    });
  }

  #arrive(overtaking: number): void {
    const [event] = this.#underWay.splice(Math.min(overtaking, this.#underWay.length - 1), 1);
    if (event !== undefined) this.bus.publish(event);
  }

  #connect(userId: Somebody): void {
    const heard: number[] = [];
    const device: Device = {
      userId,
      heard,
      from: Infinity,
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

test('whatever overtakes what, everybody hears each change that concerns them once, in order, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
      const world = new World();
      await world.run(steps);
      for (const { userId, heard, from, open } of world.devices) {
        expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
        for (const version of heard) expect(world.concerned[version]).toContain(userId);
        if (!open) continue;
        const isMoot = moot(world.turns[userId], from);
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
    { numRuns: 3000 },
  );
});

/**
 * Whether a version is of a stay that began after `from` and is over. Where the end overtook the beginning, nothing may
 * be heard of it: what somebody has then is the same.
 */
const moot =
  (turns: readonly number[], from: number) =>
  (version: number): boolean =>
    turns.some((came, index) => {
      const went = turns[index + 1];
      return index % 2 === 0 && went !== undefined && came >= from && came <= version && version <= went;
    });
