import { afterEach, expect, test, vi } from 'vitest';
import { Typing } from './typing.ts';

const onStop = vi.fn();
const typing = new Typing({ clock: { now: Date.now }, onStart: () => undefined, onStop });

afterEach(() => typing.close());

test('a device that begins to type just as another one stops or closes is not silenced by that', () => {
  const question = typing.ask('ann', 'c', 'laptop');
  typing.stop('ann', 'c', 'phone');
  typing.stopAll('ann', 'phone');
  typing.stop('ann', 'elsewhere', 'laptop');
  expect(question.isOver).toBe(false);
});

test.each([
  ['it stops', () => typing.stop('ann', 'c', 'laptop')],
  ['it closes', () => typing.stopAll('ann', 'laptop')],
  ['they send the message from wherever', () => typing.stop('ann', 'c')],
  ['they say over REST that they type nowhere', () => typing.stopAll('ann')],
])('nobody types for ever who was still being asked about when %s', (_name, end) => {
  const question = typing.ask('ann', 'c', 'laptop');
  end();
  expect(question.isOver).toBe(true);
  question.answered();
});
