import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What `Connections` asks of one. */
const connection = (sweep: () => void): Connection =>
  ({ actor: { kind: 'service' }, userId: 'service', sweep }) as unknown as Connection;

test('within a second each connection is swept once, those who came meanwhile included, and never all in one turn', () => {
  const connections = new Connections();
  const swept = new Map<number, number>();
  const add = (name: number) =>
    connections.add(connection(() => swept.set(name, (swept.get(name) ?? 0) + 1)));
  for (let name = 0; name < 990; name++) add(name);
  const gone = connection(() => expect.unreachable());
  connections.add(gone);
  const perStep: number[] = [];
  let before = 0;
  for (let ms = 0; ms < 1000; ms += 50) {
    if (ms === 500) for (let name = 990; name < 1000; name++) add(name);
    if (ms === 500) connections.delete(gone);
    vi.advanceTimersByTime(50);
    const now = [...swept.values()].reduce((sum, times) => sum + times, 0);
    perStep.push(now - before);
    before = now;
  }
  expect([swept.size, Math.max(...swept.values())]).toEqual([1000, 1]);
  expect(Math.max(...perStep)).toBeLessThanOrEqual(60);
});

test('one connection alone is swept once a second', () => {
  const connections = new Connections();
  const sweep = vi.fn();
  connections.add(connection(sweep));
  vi.advanceTimersByTime(5000);
  expect(sweep).toHaveBeenCalledTimes(5);
});
