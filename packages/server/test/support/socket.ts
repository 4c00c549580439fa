import { once } from 'node:events';
import type { ServerFrame, ServerFrames } from '@parley/protocol';
import { WebSocket } from 'ws';

/** How to hand over the token. */
export type Dial = 'header' | 'query' | 'path' | 'subprotocol';

type FrameType = ServerFrame['type'];

/** A WebSocket client that remembers every frame, and lets a test await the next of a kind. */
export class TestSocket {
  readonly frames: ServerFrame[] = [];
  readonly #socket: WebSocket;
  #seen = 0;
  #wake: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as ServerFrame);
      for (const wake of this.#wake.splice(0)) wake();
    });
    socket.on('error', () => undefined);
  }

  /** Connects and awaits the first frame. */
  static async open(origin: string, token: string, dial: Dial = 'header'): Promise<TestSocket> {
    const opened = new TestSocket(dialled(origin.replace('http', 'ws'), token, dial));
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
    const id = `settled-${this.frames.length}`;
    this.send({ type: 'ping', request_id: id });
    await this.answerTo(id);
    return this.frames;
  }

  /** Resolves with the close code. */
  async closed(): Promise<number> {
    if (this.#socket.readyState === WebSocket.CLOSED) return this.#code;
    const [code] = (await once(this.#socket, 'close')) as [number];
    return code;
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

  #code = 0;

  async #more(): Promise<void> {
    if (this.#socket.readyState >= WebSocket.CLOSING)
      throw new Error(`the socket closed; last: ${JSON.stringify(this.frames.at(-1))}`);
    await new Promise<void>((resolve, reject) => {
      const onClose = (code: number) => {
        this.#code = code;
        reject(new Error(`the socket closed with ${code}`));
      };
      this.#socket.once('close', onClose);
      this.#wake.push(() => {
        this.#socket.off('close', onClose);
        resolve();
      });
    });
  }
}

function dialled(origin: string, token: string, dial: Dial): WebSocket {
  switch (dial) {
    case 'header':
      return new WebSocket(`${origin}/api/ws`, { headers: { authorization: `Bearer ${token}` } });
    case 'query':
      return new WebSocket(`${origin}/api/ws?token=${token}`);
    case 'path':
      return new WebSocket(`${origin}/api/ws/${token}`);
    case 'subprotocol':
      return new WebSocket(`${origin}/api/ws`, ['parley', `bearer.${token}`]);
  }
}
