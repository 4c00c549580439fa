import { expect, test } from 'vitest';
import { SocketCap } from './socket-cap.ts';

const none = () => false;
const sockets = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));

test('a person has as many sockets as they may, and one more when one has closed; others are not their concern', () => {
  const cap = new SocketCap<object>(3);
  const own = sockets(3);
  for (const socket of own) {
    expect(cap.admits('ann', none)).toBe(true);
    cap.add('ann', socket);
  }
  expect(cap.admits('ann', none)).toBe(false);
  expect(cap.admits('bob', none)).toBe(true);
  for (const socket of own) cap.delete('ann', socket);
  expect(cap.admits('ann', none)).toBe(true);
});

test('those of which nobody is there make room, once, and the others stay', () => {
  const cap = new SocketCap<{ id: number }>(4);
  const own = sockets(4);
  for (const socket of own) cap.add('ann', socket);
  const asked: number[] = [];
  const giveUp = ({ id }: { id: number }) => (asked.push(id), id % 2 === 0);
  expect(cap.admits('ann', giveUp)).toBe(true);
  expect(asked).toEqual([0, 1, 2, 3]);
  // Told again when they have ended.
  for (const socket of own.filter(({ id }) => id % 2 === 0)) cap.delete('ann', socket);
  for (const socket of sockets(2)) cap.add('ann', socket);
  expect(cap.admits('ann', none)).toBe(false);
});

test('nobody is asked to make room while there is some', () => {
  const cap = new SocketCap<object>(2);
  cap.add('ann', {});
  expect(cap.admits('ann', () => expect.unreachable())).toBe(true);
});
