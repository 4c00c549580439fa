/** When it reconnects, by a clock and sockets of the test's own. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection, timing } from './connection.ts';
import { failure } from './errors.ts';
import type { LinkStatus } from './link.ts';
import type { WebSocketLike } from './platform.ts';
import { Tokens } from './tokens.ts';
import { Typing } from './typing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class FakeSocket implements WebSocketLike {
  static all: FakeSocket[] = [];
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: string[] = [];
  constructor() {
    FakeSocket.all.push(this);
  }
  send(data: string): void {
    this.sent.push(data);
  }
  close(): void {}
  opens(): void {
    this.onopen?.({} as never);
  }
  closes(code: number): void {
    this.onclose?.({ code } as never);
  }
  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }
}

async function start(probe: () => Promise<unknown> = async () => undefined, getToken = () => 'token') {
  FakeSocket.all = [];
  const states: LinkStatus[] = [];
  const nothing = () => undefined;
  const connection = new Connection(
    { url: 'ws://host/api/ws', tokens: new Tokens(getToken), WebSocket: FakeSocket, probe, timing },
    {
      status: (status) => states.push(status),
      frame: nothing,
      missed: nothing,
      leads: nothing,
      told: nothing,
    },
  );
  connection.start();
  await vi.advanceTimersByTimeAsync(0);
  return {
    connection,
    states,
    last: () => FakeSocket.all.at(-1) as FakeSocket,
    count: () => FakeSocket.all.length,
  };
}

/** Milliseconds until the next try. */
const pauseOf = (states: readonly LinkStatus[]): number => {
  const state = states.at(-1);
  if (state?.status !== 'waiting') throw new Error(`it is ${state?.status}`);
  return state.retryAt - Date.now();
};

test('after a connection that stood it comes back at once, then with pauses that grow, at random, to 30 s', async () => {
  const { states, last, count } = await start();
  last().opens();
  await vi.advanceTimersByTimeAsync(timing.tick * 2);
  last().closes(1006);
  expect(pauseOf(states)).toBe(0);
  await vi.advanceTimersByTimeAsync(0);
  const pauses: number[] = [];
  for (let n = 0; n < 7; n++) {
    last().closes(1006);
    await vi.advanceTimersByTimeAsync(0);
    pauses.push(pauseOf(states));
    await vi.advanceTimersByTimeAsync(pauses.at(-1) ?? 0);
  }
  for (const [n, pause] of pauses.entries()) {
    const most = Math.min(timing.longest, timing.pause * 2 ** (n + 1));
    expect(pause).toBeGreaterThanOrEqual(most / 2);
    expect(pause).toBeLessThanOrEqual(most);
  }
  expect(count()).toBe(9);
});

test('the server says when to come back', async () => {
  const busy = failure('unavailable', 'Busy', 503, { retry_after: 42 });
  const { states, last, connection, count } = await start(async () => {
    throw busy;
  });
  last().closes(1006);
  await vi.advanceTimersByTimeAsync(0);
  expect(pauseOf(states)).toBeGreaterThanOrEqual(42_000);
  connection.wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(count()).toBe(2);
});

test('who wakes it while it tries in vain has the next try at once', async () => {
  const { states, last, connection, count } = await start();
  for (let n = 0; n < 3; n++) {
    last().closes(1006);
    await vi.advanceTimersByTimeAsync(0);
    if (states.at(-1)?.status === 'waiting') await vi.advanceTimersByTimeAsync(pauseOf(states));
  }
  expect(count()).toBe(4);
  connection.wake();
  last().closes(1006);
  await vi.advanceTimersByTimeAsync(0);
  expect(count()).toBe(5);
});

test('a probe that hangs does not keep it from trying again', async () => {
  const { states, last } = await start(() => new Promise(() => undefined));
  last().closes(1006);
  await vi.advanceTimersByTimeAsync(timing.patience);
  expect(states.at(-1)?.status).toBe('waiting');
});

test('silence is asked about, and no answer is an end; so is a sleep that nobody noticed', async () => {
  const { last, count } = await start();
  const first = last();
  first.opens();
  await vi.advanceTimersByTimeAsync(timing.silence + timing.tick);
  expect(first.sent).toEqual(['{"type":"ping"}']);
  first.says({ type: 'pong' });
  await vi.advanceTimersByTimeAsync(timing.silence - timing.tick);
  expect(count()).toBe(1);
  await vi.advanceTimersByTimeAsync(timing.patience + 3 * timing.tick);
  expect(count()).toBe(2);

  const second = last();
  second.opens();
  vi.setSystemTime(Date.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(timing.tick);
  expect(second.sent).toEqual(['{"type":"ping"}']);
});

test('a token is asked for again when it was refused, and the same one is not tried twice', async () => {
  let token = 'old';
  const { states, last, count, connection } = await start(undefined, () => token);
  last().opens();
  last().closes(4401);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(count()).toBe(1);
  expect(states.at(-1)?.status).toBe('refused');
  token = 'new';
  connection.wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(count()).toBe(2);
  connection.stop();
});

test('typing ends by itself after six seconds', async () => {
  const changed = vi.fn<(id: string) => void>();
  const typing = new Typing(changed);
  typing.note({ type: 'typing_start', user_id: 'bob', conversation_id: 'c' }, 'ann');
  typing.note({ type: 'typing_start', user_id: 'ann', conversation_id: 'c' }, 'ann');
  expect(typing.in('c')).toEqual(['bob']);
  await vi.advanceTimersByTimeAsync(5000);
  typing.note({ type: 'typing_start', user_id: 'bob', conversation_id: 'c' }, 'ann');
  await vi.advanceTimersByTimeAsync(5999);
  expect(typing.in('c')).toEqual(['bob']);
  await vi.advanceTimersByTimeAsync(1);
  expect(typing.in('c')).toEqual([]);
  expect(changed).toHaveBeenLastCalledWith('c');
});
