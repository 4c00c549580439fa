import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MissedChanges } from '../messaging/ports.ts';
import { Mender } from './mender.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Conversations of which one change is missing; `asked` are the questions to the store. */
class World {
  readonly applied: string[] = [];
  readonly asked: string[][] = [];
  readonly unreadable = new Set<string>();
  readonly unfit = new Set<string>();
  isAway = false;
  readonly mender = new Mender({
    conversations: { readMany: async () => [] },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    placeOf: (id) => (this.applied.includes(id) ? null : { version: 1, upTo: 2 }),
    newcomersOf: () => [],
    giveUp: () => expect.unreachable('the store has it all'),
    apply: ({ conversationId }) => {
      if (this.unfit.has(conversationId)) throw new Error('a fault of ours');
      this.applied.push(conversationId);
    },
    changes: {
      changesAfter: async (places) => {
        const ids = places.map(({ conversationId }) => conversationId);
        this.asked.push(ids);
        if (this.isAway || ids.some((id) => this.unreadable.has(id))) throw new Error('no answer in time');
        return ids.map((id) => missed(id));
      },
    },
  });

  want(count: number): string[] {
    const ids = Array.from({ length: count }, (_, index) => `c${index}`);
    for (const id of ids) this.mender.want(id);
    return ids;
  }
}

const missed = (conversationId: string): MissedChanges => ({
  conversationId,
  upTo: 2,
  participantCount: 2,
  changes: [],
  joined: [],
  gone: [],
  shownAt: new Map(),
});

test.each(['unreadable', 'unfit'] as const)(
  'one conversation that is %s holds up no other, neither those of its round nor later ones',
  async (why) => {
    const world = new World();
    world[why].add('c7');
    const ids = world.want(120);
    expect(await world.mender.settle()).toBe(false);
    expect(new Set(world.applied)).toEqual(new Set(ids).difference(new Set(['c7'])));
    // While it waits for its next attempt.
    world.mender.want('later');
    world.mender.want('c7');
    await vi.advanceTimersByTimeAsync(0);
    expect(world.applied).toContain('later');
    world[why].clear();
    await vi.advanceTimersByTimeAsync(5000);
    expect(world.applied).toContain('c7');
    expect(await world.mender.settle()).toBe(true);
    world.mender.close();
  },
);

test('it is asked for again at a growing distance', async () => {
  const world = new World();
  world.unreadable.add('c0');
  world.want(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(world.asked.length).toBeGreaterThan(10);
  expect(world.asked.length).toBeLessThan(20);
  world.mender.close();
});

test('a store that is away is not asked for each of them', async () => {
  const world = new World();
  world.isAway = true;
  const ids = world.want(1000);
  expect(await world.mender.settle()).toBe(false);
  expect(world.asked.length).toBeLessThan(10);
  world.mender.want('c5');
  await vi.advanceTimersByTimeAsync(0);
  expect(world.asked.length).toBeLessThan(10);
  world.isAway = false;
  await vi.advanceTimersByTimeAsync(5000);
  expect(new Set(world.applied)).toEqual(new Set(ids));
  world.mender.close();
});
