import { defaultRateLimits, type RateLimit } from '@parley/protocol';
import { expect, test } from 'vitest';
import { serviceActor, type UserActor } from '../messaging/actor.ts';
import { FloodGate, floodLimits } from './flood.ts';

const person: UserActor = {
  kind: 'user',
  userId: 'ann',
  displayName: 'Ann',
  avatarUrl: null,
  appRole: 'student',
};

const sending = (student: RateLimit) => ({
  ...defaultRateLimits,
  message_send: { ...defaultRateLimits.message_send, student },
});

/** Frames that are admitted of so many at one moment. */
const admitted = (gate: FloodGate, count: number, now: number): number =>
  Array.from({ length: count }, () => gate.admit(now)).filter(Boolean).length;

test('200 frames at once and 50 a second are let in, whatever the time between them', () => {
  const gate = new FloodGate(0, floodLimits(defaultRateLimits)(person));
  expect(admitted(gate, 300, 0)).toBe(200);
  expect(admitted(gate, 300, 1000)).toBe(50);
  expect(admitted(gate, 300, 3_600_000)).toBe(200);
  // The clock of a machine that was asleep.
  expect(admitted(gate, 300, 0)).toBe(0);
});

test('whoever may send more messages than that a second may send twice as many frames', () => {
  const limitOf = floodLimits(sending([6000, 60]));
  expect(limitOf(person)).toEqual({ perSecond: 200, burst: 800 });
  // The others' limits are as they were, and the operator's own backend has no limit that could be followed.
  expect(limitOf({ ...person, appRole: 'admin' })).toEqual({ perSecond: 50, burst: 200 });
  expect(limitOf(serviceActor)).toEqual({ perSecond: 50, burst: 200 });
});

test('without rate limits a flood is what it is with them', () => {
  expect(floodLimits(null)(person)).toEqual({ perSecond: 50, burst: 200 });
});
