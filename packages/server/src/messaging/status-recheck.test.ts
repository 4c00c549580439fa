import type { UserStatusType } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StatusRecheck } from './status-recheck.ts';

let lose: (since: number) => void;
let stored: Map<string, { status: UserStatusType; lastSeenAt: string | null }>;
let told: [string, UserStatusType][];
let away: boolean;
let recheck: StatusRecheck;

beforeEach(() => {
  vi.useFakeTimers();
  [stored, told, away] = [new Map(), [], false];
  recheck = new StatusRecheck({
    bus: {
      onUncertain: (listener) => {
        lose = listener;
        return () => undefined;
      },
    },
    statuses: {
      readStatuses: async () => {
        if (away) throw new Error('the store is away');
        return stored;
      },
    },
    state: { present: async (userIds) => new Set(userIds.filter((userId) => userId !== 'gone')) },
    tell: async (userId, status) => {
      told.push([userId, status]);
      recheck.note(userId, status);
    },
    log: { warn: () => undefined },
  });
});
afterEach(() => {
  recheck.close();
  vi.useRealTimers();
});

const set = (userId: string, status: UserStatusType) => stored.set(userId, { status, lastSeenAt: null });

test('a status that changed while events were lost is told, once, and no other', async () => {
  for (const userId of ['ann', 'bob', 'gone']) recheck.note(userId, 'away');
  set('ann', 'busy');
  set('bob', 'away');
  set('gone', 'busy');
  lose(0);
  lose(0);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told).toEqual([['ann', 'busy']]);
  lose(0);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told).toHaveLength(1);
});

test('while the store is away it is tried again', async () => {
  recheck.note('ann', 'online');
  set('ann', 'offline');
  away = true;
  lose(0);
  await vi.advanceTimersByTimeAsync(1000);
  away = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(told).toEqual([['ann', 'offline']]);
});
