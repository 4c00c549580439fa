import { expect, test, vi } from 'vitest';
import { until } from './bus-redis.fixture.ts';
import { BusPublisher } from './bus-publisher.ts';
import { decode } from './bus-wire.ts';

test('what was lost is looked for from its beginning, though the word of it takes long to arrive', async () => {
  const clock = { now: () => Date.now() };
  let broken = true;
  const words: { readonly payload: string; readonly sentAt: number }[] = [];
  const publisher = new BusPublisher({
    nodeId: 'thisOneHere1',
    send: (_channel, payload, done) => {
      if (!broken) words.push({ payload, sentAt: clock.now() });
      done(broken ? new Error('the connection ended') : null);
    },
    ready: () => true,
    everybody: 'everybody',
    clock,
    log: { info: vi.fn(), warn: vi.fn() },
    onLost: vi.fn(),
  });
  const lostAt = clock.now();
  publisher.publish(['c1'], { frame: 'lost' });
  // It is sent at the end of this turn.
  await new Promise(setImmediate);
  broken = false;
  await until(() => expect(words).toHaveLength(1));
  const [{ payload, sentAt } = { payload: '', sentAt: 0 }] = words;
  const { lostForMs } = decode('anotherNode1', Buffer.from(payload));
  const arrivesAt = sentAt + 1900;
  expect(arrivesAt - Number(lostForMs)).toBeLessThanOrEqual(lostAt);
  await publisher.close(0);
});
