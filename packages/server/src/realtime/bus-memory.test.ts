import { expect, test, vi } from 'vitest';
import { MemoryBus } from './bus-memory.ts';
import { busSuite } from './bus.suite.ts';

const log = { error: vi.fn() };

busSuite('the bus in memory', async () => new MemoryBus(log));

test('what a listener publishes is heard by all after what it was told', () => {
  const bus = new MemoryBus(log);
  const publish = (userId: string) =>
    bus.publish({
      audience: { kind: 'users', userIds: [] },
      frame: { type: 'typing_start', conversation_id: 'c', user_id: userId },
    });
  const heard: string[] = [];
  bus.subscribe(({ frame }) => {
    if (frame.type === 'typing_start' && frame.user_id === 'first') publish('second');
  });
  bus.subscribe(({ frame }) => {
    if (frame.type === 'typing_start') heard.push(frame.user_id);
  });
  publish('first');
  expect(heard).toEqual(['first', 'second']);
});
