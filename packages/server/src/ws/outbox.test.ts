import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import { Writable, type Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Prepared } from '../realtime/listener.ts';
import { Outbox, WriteTick } from './outbox.ts';

const kib = 1024;
const marks = { ephemeral: 256 * kib, overflow: 1024 * kib };

const frame = (bytes: number, ephemeral = false): Prepared => ({
  bytes: Buffer.alloc(bytes, 'x'),
  ephemeral,
  change: null,
});

let dropped: number;
let overflows: number;
let told: number;
let server: Socket;
let client: Socket;
let outbox: Outbox;
let close: () => void;

/** Two ends of a real connection, of which the far one does not read until a test lets it. */
beforeEach(async () => {
  [dropped, overflows, told] = [0, 0, 0];
  const listener = createServer({ highWaterMark: 16 * kib }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  client = connect(address.port, '127.0.0.1').pause();
  [server] = await accepted;
  // As `ws` does on its sockets.
  server.on('error', () => undefined);
  outbox = new Outbox(
    server,
    {
      tick: new WriteTick(),
      marks,
      meter: { dropped: (frames) => (dropped += frames), overflowed: () => overflows++ },
    },
    { overflowed: () => told++ },
  );
  close = () =>
    [client, server, listener].forEach((each) => ('destroy' in each ? each.destroy() : each.close()));
});

afterEach(() => close());

async function read(bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of client as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(chunks);
}

/** Fills whatever the system keeps for a reader who does not read. */
function fill(): void {
  while (outbox.unsentBytes < 64 * kib) outbox.push(frame(32 * kib));
}

test('what is given before the first frame follows it', async () => {
  outbox.push({ bytes: Buffer.from('second'), ephemeral: false, change: null });
  outbox.open({ bytes: Buffer.from('first,'), ephemeral: false, change: null });
  outbox.push({ bytes: Buffer.from(',third'), ephemeral: false, change: null });
  expect(String(await read(18))).toBe('first,second,third');
});

test('what is given in one turn leaves in one write, whatever its size', async () => {
  outbox.open(frame(1));
  let writes = 0;
  const write = server.write.bind(server);
  Object.assign(server, { write: (bytes: Buffer) => (writes++, write(bytes)) });
  for (let index = 0; index < 20; index++) outbox.push(frame(500));
  expect((await read(10_001)).length).toBe(10_001);
  expect(writes).toBe(1);
});

test('a frame that may wait goes with the next one that does not, in order', async () => {
  outbox.open(frame(1));
  outbox.push({ bytes: Buffer.from('first,'), ephemeral: false, patient: true, change: null });
  outbox.push({ bytes: Buffer.from('second'), ephemeral: false, change: null });
  expect(String(await read(13)).slice(1)).toBe('first,second');
});

test('frames that may wait are written after a while, and to many sockets not all at once', () => {
  vi.useFakeTimers();
  try {
    let written = 0;
    const tick = new WriteTick();
    const shared = { tick, marks, meter: { dropped: () => undefined, overflowed: () => undefined } };
    const sink = () =>
      new Writable({ write: (_bytes, _encoding, done) => (written++, done()) }) as unknown as Duplex;
    const outboxes = Array.from({ length: 2000 }, () => new Outbox(sink(), shared, { overflowed: vi.fn() }));
    for (const each of outboxes) each.open(frame(1));
    written = 0;
    for (const each of outboxes) each.push({ ...frame(100), patient: true });
    vi.advanceTimersByTime(199);
    expect(written).toBe(0);
    vi.advanceTimersByTime(1);
    expect(written).toBeLessThanOrEqual(100);
    vi.advanceTimersByTime(800);
    expect(written).toBe(2000);
  } finally {
    vi.useRealTimers();
  }
});

test('a slow reader misses typing and status first, and nothing else', () => {
  outbox.open(frame(1));
  fill();
  outbox.push(frame(100, true));
  expect(dropped).toBe(0);
  while (outbox.unsentBytes <= marks.ephemeral) outbox.push(frame(32 * kib));
  outbox.push(frame(100, true));
  expect([dropped, overflows]).toEqual([1, 0]);
});

test('a reader who does not read is given up past the second mark, once, and costs nothing more', () => {
  outbox.open(frame(1));
  for (let index = 0; index < 1000; index++) outbox.push(frame(32 * kib));
  expect([overflows, told]).toEqual([1, 1]);
  // What waited for the socket is gone; the socket itself holds no more than it had taken.
  expect(outbox.unsentBytes).toBeLessThan(marks.overflow);
});

test('a page of long messages reaches a reader who keeps up, though it is large', async () => {
  outbox.open(frame(1));
  outbox.push(frame(3 * 1024 * kib));
  expect((await read(3 * 1024 * kib + 1)).length).toBe(3 * 1024 * kib + 1);
  expect(overflows).toBe(0);
});

test('a reader who comes back in time receives everything, in order', async () => {
  outbox.open({ bytes: Buffer.from('0'), ephemeral: false, change: null });
  const expected = ['0'];
  for (let index = 1; outbox.unsentBytes < 512 * kib; index++) {
    const text = String(index % 10).repeat(16 * kib);
    expected.push(text);
    outbox.push({ bytes: Buffer.from(text), ephemeral: false, change: null });
  }
  const all = expected.join('');
  expect(String(await read(all.length)) === all).toBe(true);
  expect(overflows).toBe(0);
});

test('a reader who is gone takes nothing and breaks nothing', async () => {
  outbox.open(frame(1));
  client.destroy();
  server.resume();
  await new Promise((resolve) => server.once('close', resolve));
  outbox.push(frame(100));
  outbox.finish();
  expect(outbox.unsentBytes).toBe(0);
});
