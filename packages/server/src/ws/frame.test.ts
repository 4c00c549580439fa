import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { pingFrame, prepare } from './frame.ts';

const server = createServer();
let client: WebSocket;
/** The raw socket of the server's end. */
let raw: Duplex;

beforeAll(async () => {
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    raw = socket;
    sockets.handleUpgrade(request, socket, head, () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(client, 'open');
});

afterAll(() => {
  client.terminate();
  server.close();
});

/** What a client's own library makes of the bytes. */
async function decode(bytes: Buffer): Promise<unknown> {
  const message = once(client, 'message') as Promise<[Buffer]>;
  raw.write(bytes);
  return JSON.parse(String((await message)[0]));
}

const error = (message: string) => ({ type: 'error', message, code: 'internal' }) as const;
const overhead = JSON.stringify(error('')).length;

test.for([60, 125, 126, 127, 65_535, 65_536, 1_000_000])(
  'a frame of %i bytes is read as it was',
  async (length) => {
    const frame = error('x'.repeat(length - overhead));
    expect(await decode(prepare(frame).bytes)).toEqual(frame);
  },
);

test('text beyond ASCII is counted in bytes', async () => {
  const frame = error('Grüße, 你好, 👋🏽'.repeat(10));
  expect(await decode(prepare(frame).bytes)).toEqual(frame);
});

test('a ping carries its number', async () => {
  const ping = once(client, 'ping') as Promise<[Buffer]>;
  raw.write(pingFrame(42));
  expect(String((await ping)[0])).toBe('42');
});

test('only typing and status may be dropped', () => {
  const typing = { type: 'typing_start', conversation_id: 'c', user_id: 'ann' } as const;
  expect(prepare(typing).ephemeral).toBe(true);
  expect(
    prepare({ type: 'message_delivered', conversation_id: 'c', user_id: 'ann', last_seq: 1 }).ephemeral,
  ).toBe(false);
});

test('who comes and goes may wait for others who do; who types may not', () => {
  const status = {
    type: 'user_status_change',
    user_id: 'ann',
    status: 'online',
    is_typing: false,
    conversation_id: null,
    last_seen_at: null,
  } as const;
  expect(prepare(status).patient).toBe(true);
  expect(prepare({ ...status, is_typing: true, conversation_id: 'c' }).patient).toBe(false);
});
