import { request, type IncomingHttpHeaders } from 'node:http';
import type { ServerFrame, ServerFrames } from '@parley/protocol';
import { WebSocket } from 'ws';
import type { Json } from './client.ts';
import { frameProblem } from './frames.ts';

/** How to hand over the token. */
export type Dial = 'header' | 'query' | 'path' | 'subprotocol';

export interface DialOptions {
  readonly dial?: Dial;
  /** What stands before `/ws`. */
  readonly prefix?: string;
  /** Called as soon as frames can be sent, before any has arrived. */
  readonly onOpen?: (send: (frame: unknown) => void) => void;
  /** Told of each frame that is not as its schema declares it; otherwise the frame fails what awaits the next one. */
  readonly onProblem?: (problem: string) => void;
}

type FrameType = ServerFrame['type'];

/** A WebSocket client that remembers and checks every frame, and lets a test await the next of a kind. */
export class TestSocket {
  readonly frames: ServerFrame[] = [];
  readonly #socket: WebSocket;
  readonly #ended = Promise.withResolvers<number>();
  #seen = 0;
  #pings = 0;
  #problem: string | null = null;
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket, onProblem?: (problem: string) => void) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const frame: unknown = JSON.parse(data.toString());
      const problem = frameProblem(frame);
      if (problem !== null && onProblem !== undefined) onProblem(problem);
      else this.#problem ??= problem;
      this.frames.push(frame as ServerFrame);
      this.#awake();
    });
    socket.on('close', (code) => {
      this.#ended.resolve(code);
      this.#awake();
    });
    socket.on('error', () => undefined);
  }

  /** Connects and awaits the first frame. */
  static async open(origin: string, token: string, options: DialOptions = {}): Promise<TestSocket> {
    const { dial = 'header', prefix = '/api' } = options;
    const address = `${origin.replace('http', 'ws')}${prefix}/ws`;
    const opened = new TestSocket(dialled(address, token, dial), options.onProblem);
    opened.raw.on('open', () => options.onOpen?.((frame) => opened.send(frame)));
    await opened.next('connected');
    return opened;
  }

  send(frame: unknown): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The next frame of this type that no earlier call has passed; those before it count as passed. */
  async next<T extends FrameType>(
    type: T,
    where: (frame: ServerFrames[T]) => boolean = () => true,
  ): Promise<ServerFrames[T]> {
    for (;;) {
      while (this.#seen < this.frames.length) {
        const frame = this.frames[this.#seen++];
        if (frame?.type === type && where(frame as ServerFrames[T])) return frame as ServerFrames[T];
      }
      await this.#more();
    }
  }

  /** The first frame ever received that fits, awaited if need be. */
  async find(fits: (frame: ServerFrame) => boolean): Promise<ServerFrame> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined) return found;
      await this.#more();
    }
  }

  /** The answer to a frame with this `request_id`. */
  answerTo(id: string): Promise<ServerFrame> {
    return this.find((frame) => 'request_id' in frame && frame.request_id === id);
  }

  /** Every frame up to the answer to a `ping`: what had been sent to this socket before the server read it. */
  async settled(): Promise<ServerFrame[]> {
    const id = `settled-${this.#pings++}`;
    this.send({ type: 'ping', request_id: id });
    await this.answerTo(id);
    return this.frames;
  }

  /** Resolves with the close code. */
  closed(): Promise<number> {
    return this.#ended.promise;
  }

  close(): void {
    this.#socket.close();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  get raw(): WebSocket {
    return this.#socket;
  }

  #awake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async #more(): Promise<void> {
    if (this.#problem !== null) throw new Error(`A frame is not as declared: ${this.#problem}`);
    if (this.#socket.readyState >= WebSocket.CLOSING) {
      throw new Error(
        `the socket closed with ${await this.#ended.promise}; last: ${JSON.stringify(this.frames.at(-1))}`,
      );
    }
    await this.#wake.promise;
  }
}

function dialled(address: string, token: string, dial: Dial): WebSocket {
  switch (dial) {
    case 'header':
      return new WebSocket(address, { headers: { authorization: `Bearer ${token}` } });
    case 'query':
      return new WebSocket(`${address}?token=${token}`);
    case 'path':
      return new WebSocket(`${address}/${token}`);
    case 'subprotocol':
      return new WebSocket(address, ['parley', `bearer.${token}`]);
  }
}

/** What a server answers to an upgrade over HTTP: status 101 if it agrees, and then hangs up. */
export function tryUpgrade(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Json }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    headers: IncomingHttpHeaders;
    body: Json;
  }>();
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const asked = request(url, { headers: { ...handshake, ...headers }, agent: false });
  asked.on('upgrade', (response, socket) => {
    socket.destroy();
    resolve({ status: 101, headers: response.headers, body: null });
  });
  asked.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: text === '' ? null : JSON.parse(text),
      }),
    );
  });
  asked.on('error', reject).end();
  return promise;
}
