import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { finished } from 'node:stream';
import type { onSendAsyncHookHandler } from 'fastify';

/** How long and how much of a refused body is still taken in and thrown away. */
const lingerMs = 10_000;
const lingerBytes = 16 * 1024 * 1024;

/**
 * An `onSend` hook for routes that may answer before they have read the whole body. Closing at once would reset the
 * connection, and a client that is still sending would lose the answer. So the answer goes out in full and right away,
 * then our side of the connection is closed, and all of it once the client has stopped sending, or has had its time.
 */
export const answerEarly: onSendAsyncHookHandler = async (request, reply, payload) => {
  const { raw } = request;
  if (!raw.complete) {
    reply.header('connection', 'close');
    // What Node calls on a connection whose last answer has been written.
    raw.socket.destroySoon = () => void linger(raw.socket, raw);
  }
  return payload;
};

async function linger(socket: Socket, body: IncomingMessage): Promise<void> {
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, lingerMs).unref();
  const answered = new Promise<void>((done) => socket.end(done));
  await Promise.race([enough, Promise.all([answered, drained(body, resolve)])]);
  clearTimeout(timer);
  socket.destroy();
}

/** Reads the rest of a body into nothing; resolves when there is no more, and tells when it was too much. */
function drained(body: IncomingMessage, onTooMuch: () => void): Promise<void> {
  let size = 0;
  body.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > lingerBytes) onTooMuch();
  });
  return new Promise((done) => {
    finished(body, { writable: false }, () => done());
    body.resume();
  });
}
