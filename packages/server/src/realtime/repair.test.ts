import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Repair, type RepairDeps } from './repair.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a clock that is set back by an hour does not put off the look for what was missed', async () => {
  let passes = 0;
  let wrongBy = 0;
  const none = () => undefined;
  const hub: RepairDeps['hub'] = {
    isIdle: () => false,
    positionOf: () => null,
    lacks: () => false,
    peopleOfLarge: () => [],
    expect: none,
    mend: async () => true,
    tell: none,
    takeOpenedSince: () => Infinity,
    hasUnplaced: () => false,
    placeUnplaced: none,
  };
  const repair = new Repair({
    bus: { onUncertain: () => none },
    clock: { now: () => Date.now() + wrongBy },
    log: { info: none, warn: none, error: none },
    onReceipts: none,
    changes: {
      changedSince: async () => {
        passes++;
        return { horizon: { epoch: 1, xid: passes }, conversations: [], joined: [] };
      },
      receiptsSince: async () => [],
      receiptsOf: async () => [],
      profilesSince: async () => [],
    },
    hub,
  });
  await repair.begin();
  repair.suspect();
  await vi.advanceTimersByTimeAsync(1000);
  const before = passes;
  wrongBy = -3_600_000;
  repair.suspect();
  await vi.advanceTimersByTimeAsync(1000);
  expect(passes).toBeGreaterThan(before);
  repair.close();
});
