import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Repair, type RepairDeps } from './repair.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const none = () => undefined;

function start(changedSince: RepairDeps['changes']['changedSince'], parts: Partial<RepairDeps> = {}): Repair {
  return new Repair({
    bus: { onUncertain: () => none },
    clock: { now: Date.now },
    log: { info: none, warn: none, error: none },
    onReceipts: none,
    changes: {
      changedSince,
      receiptsSince: async () => [],
      receiptsOf: async () => [],
      profilesSince: async () => [],
    },
    hub: {
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
    },
    ...parts,
  });
}

test('a clock that is set back by an hour does not put off the look for what was missed', async () => {
  let passes = 0;
  let wrongBy = 0;
  const repair = start(
    async () => ({ horizon: { epoch: 1, xid: ++passes }, conversations: [], joined: [] }),
    { clock: { now: () => Date.now() + wrongBy } },
  );
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

test('a node that stops in the midst of a look does not warn of it', async () => {
  const warn = vi.fn();
  let stop: (error: Error) => void = none;
  let passes = 0;
  const repair = start(
    () =>
      passes++ === 0
        ? Promise.resolve({ horizon: { epoch: 1, xid: 1 }, conversations: [], joined: [] })
        : new Promise((_resolve, reject) => (stop = reject)),
    { log: { info: none, warn, error: none } },
  );
  await repair.begin();
  repair.suspect();
  await vi.advanceTimersByTimeAsync(1000);
  expect(passes).toBe(2);
  repair.close();
  stop(new Error('the pool was ended'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(warn).not.toHaveBeenCalled();
});
