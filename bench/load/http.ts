/**
 * Requests over HTTP: prepared bytes on raw sockets, one at a time on each. It reads no more of an answer than it must.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { quantile } from '../figures.ts';
import { serveCommands } from '../generator.ts';

export interface HttpLoad {
  readonly port: number;
  /** Milliseconds. */
  readonly ms: number;
  /** For each connection the requests that it chooses from at random. */
  readonly requests: readonly (readonly HttpRequest[])[];
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string;
  /** JSON. */
  readonly body?: string;
}

const commands = {
  /** Asks for that long. @throws Error if an answer is none of 2xx */
  async load({ port, ms, requests }: HttpLoad) {
    const prepared = requests.map((some) => some.map(bytesOf));
    const sockets = await Promise.all(prepared.map(() => open(port)));
    const times: number[] = [];
    const started = performance.now();
    await Promise.all(
      sockets.map((socket, n) => ask(new Client(socket), prepared[n] ?? [], started + ms, times)),
    );
    const seconds = (performance.now() - started) / 1000;
    for (const socket of sockets) socket.destroy();
    return { count: times.length, seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  },
};

export type HttpCommands = typeof commands;

const bytesOf = ({ method, path, token, body = '' }: HttpRequest): Buffer =>
  Buffer.from(
    `${method} ${path} HTTP/1.1\r\nHost: bench\r\n` +
      (token === undefined ? '' : `Authorization: Bearer ${token}\r\n`) +
      (method === 'GET'
        ? ''
        : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`) +
      `\r\n${body}`,
  );

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function ask(
  client: Client,
  requests: readonly Buffer[],
  until: number,
  times: number[],
): Promise<void> {
  while (performance.now() < until) {
    const request = requests[Math.floor(Math.random() * requests.length)];
    if (request === undefined) return;
    const started = performance.now();
    await client.ask(request);
    times.push(performance.now() - started);
  }
}

const endOfHead = Buffer.from('\r\n\r\n');

/** One connection. Of an answer it knows the status and where it ends. */
class Client {
  readonly #socket: Socket;
  #resolve: (() => void) | null = null;
  #reject: ((error: Error) => void) | null = null;
  #head: Buffer | null = null;
  #missing = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('close', () => this.#reject?.(new Error('the server closed a connection')));
    socket.on('error', (error) => this.#reject?.(error));
  }

  ask(request: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  #read(chunk: Buffer): void {
    if (this.#missing > 0) {
      this.#missing -= chunk.length;
    } else {
      const bytes = this.#head === null ? chunk : Buffer.concat([this.#head, chunk]);
      const end = bytes.indexOf(endOfHead);
      this.#head = bytes;
      if (end < 0) return;
      const head = bytes.toString('latin1', 0, end + 2);
      if (!head.startsWith('HTTP/1.1 2')) return this.#reject?.(new Error(bytes.toString()));
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      if (length === undefined) return this.#reject?.(new Error(`an answer without a length: ${head}`));
      this.#head = null;
      this.#missing = end + 4 + Number(length) - bytes.length;
    }
    if (this.#missing === 0) this.#resolve?.();
  }
}

serveCommands(commands);
