import type { IncomingMessage } from 'node:http';
import { finished, Readable } from 'node:stream';
import type { onSendAsyncHookHandler } from 'fastify';

/** How long and how much of a refused body is still taken in and thrown away. */
const lingerMs = 10_000;
const lingerBytes = 16 * 1024 * 1024;

/**
 * An `onSend` hook for routes that may answer before they have read the whole body. Closing at once would reset the
 * connection, and a client that is still sending would lose the answer. So the answer goes out in full and right away,
 * and the connection is closed once the client has stopped sending, or has had its time.
 */
export const answerEarly: onSendAsyncHookHandler = async (request, reply, payload) => {
  if (request.raw.complete || !(typeof payload === 'string' || Buffer.isBuffer(payload))) return payload;
  reply.header('connection', 'close').header('content-length', Buffer.byteLength(payload));
  return Readable.from(lingering(payload, request.raw));
};

async function* lingering(payload: string | Buffer, body: IncomingMessage) {
  yield payload;
  await drained(body);
}

async function drained(body: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, lingerMs).unref();
  let size = 0;
  body.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > lingerBytes) resolve();
  });
  finished(body, { writable: false }, () => resolve());
  body.resume();
  await promise;
  clearTimeout(timer);
  body.pause();
}
