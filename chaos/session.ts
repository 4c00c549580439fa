import { WebSocket } from 'ws';
import type { ClientFrame, ServerFrame } from '@parley/protocol';

export interface SessionOptions {
  readonly origin: string;
  /** The number of the node that it goes to. */
  readonly node: number;
  readonly token: string;
  readonly onFrame: (session: Session, frame: ServerFrame) => void;
  readonly onEnd: (session: Session) => void;
}

const connectMs = 4000;
/** Milliseconds of silence after which we ask, and after which we give up. */
const askAfterMs = 8000;
const giveUpAfterMs = 12_000;
const answerMs = 8000;
/** Milliseconds that catching up may take before it is tried at another node. */
const catchUpMs = 30_000;

/** One WebSocket: its heartbeat, and answers by `request_id`. */
export class Session {
  readonly node: number;
  readonly openedAt = Date.now();
  /** Between `connected` and the end of its `resume`: the state is not whole. */
  catchingUp = true;
  /** The version of the last event of each conversation. */
  readonly versions = new Map<string, number>();
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #waiting = new Map<string, (frame: ServerFrame | null) => void>();
  #heardAt = Date.now();
  #asked = 0;
  #ended = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.node = options.node;
    this.#socket = new WebSocket(`${options.origin.replace('http', 'ws')}/api/ws`, {
      headers: { authorization: `Bearer ${options.token}` },
      handshakeTimeout: connectMs,
      perMessageDeflate: false,
    });
    this.#socket
      .on('message', (data: Buffer) => this.#receive(data))
      .on('ping', () => (this.#heardAt = Date.now()))
      .on('error', () => undefined)
      .once('close', () => this.#end());
    this.#heartbeat = setInterval(() => this.#beat(), 1000);
  }

  get isOpen(): boolean {
    return !this.#ended && this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: ClientFrame): void {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
  }

  /** Sends it; answers what comes back with its `request_id`, null if nothing does. */
  ask(frame: ClientFrame): Promise<ServerFrame | null> {
    if (!this.isOpen) return Promise.resolve(null);
    const id = `r${this.#asked++}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => answered(null), answerMs);
      const answered = (answer: ServerFrame | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      this.#waiting.set(id, answered);
      this.send({ ...frame, request_id: id });
    });
  }

  close(): void {
    this.#socket.close(1000);
    // The answer to a close may never come.
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }

  /** Gone without a word. */
  vanish(): void {
    this.#socket.terminate();
  }

  #receive(data: Buffer): void {
    if (this.#ended) return;
    this.#heardAt = Date.now();
    const frame: ServerFrame = JSON.parse(data.toString());
    this.#options.onFrame(this, frame);
    if ('request_id' in frame && frame.request_id !== undefined) this.#waiting.get(frame.request_id)?.(frame);
  }

  #beat(): void {
    const silence = Date.now() - this.#heardAt;
    const stuck = this.catchingUp && Date.now() - this.openedAt > catchUpMs;
    if (silence > giveUpAfterMs || stuck) this.vanish();
    else if (silence > askAfterMs) this.send({ type: 'ping' });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    for (const answered of this.#waiting.values()) answered(null);
    this.#options.onEnd(this);
  }
}
