/**
 * A WebSocket on a raw socket that does as little as one can: it reads where frames begin and end, and decodes nothing.
 * All of them read into one buffer. Nothing that it sends is masked but in name: the key is zero.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface RawOwner {
  /** A whole text frame: its payload lies from `start` to `end`, for as long as this call lasts. */
  text(bytes: Buffer, start: number, end: number): void;
  upgraded(): void;
  /** It is over, or never began. */
  ended(reason: string): void;
}

export interface RawTarget {
  readonly port: number;
  readonly path: string;
  readonly token: string;
}

const shared = Buffer.allocUnsafeSlow(256 * 1024);
const endOfHead = Buffer.from('\r\n\r\n');
const [continuation, text, close, ping] = [0x0, 0x1, 0x8, 0x9];

export class RawSocket {
  readonly #owner: RawOwner;
  readonly #socket: Socket;
  /** The beginning of what has not arrived whole. */
  #rest: Buffer | null = null;
  #isUpgraded = false;

  constructor({ port, path, token }: RawTarget, owner: RawOwner) {
    this.#owner = owner;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length) => {
          this.#read(length);
          return true;
        },
      },
    });
    this.#socket.once('connect', () => this.#socket.write(upgrade(path, token)));
    this.#socket.on('error', (error) => owner.ended(error.message));
    this.#socket.on('close', () => owner.ended('closed'));
  }

  send(payload: string): void {
    this.#socket.write(clientFrame(text, Buffer.from(payload)));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(length: number): void {
    let bytes = shared.subarray(0, length);
    if (this.#rest !== null) bytes = Buffer.concat([this.#rest, bytes]);
    this.#rest = null;
    const taken = this.#isUpgraded ? this.#take(bytes, 0) : this.#takeHead(bytes);
    // What the next read would write over is kept apart.
    if (taken < bytes.length) this.#rest = Buffer.from(bytes.subarray(taken));
  }

  #takeHead(bytes: Buffer): number {
    const end = bytes.indexOf(endOfHead);
    if (end < 0) return 0;
    const head = bytes.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101')) {
      this.#owner.ended(`the upgrade was answered: ${bytes.toString()}`);
      this.#socket.destroy();
      return bytes.length;
    }
    this.#isUpgraded = true;
    this.#owner.upgraded();
    return this.#take(bytes, end + 4);
  }

  /** Takes the whole frames from `at` on; answers where the first begins that is not whole. */
  #take(bytes: Buffer, at: number): number {
    for (;;) {
      if (bytes.length - at < 2) return at;
      const short = (bytes[at + 1] ?? 0) & 0x7f;
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length - at < header) return at;
      const length =
        header === 2 ? short : header === 4 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
      const start = at + header;
      if (bytes.length - start < length) return at;
      this.#frame(bytes, (bytes[at] ?? 0) & 0x0f, start, start + length);
      at = start + length;
    }
  }

  #frame(bytes: Buffer, opcode: number, start: number, end: number): void {
    if (opcode === text) this.#owner.text(bytes, start, end);
    else if (opcode === ping) this.#socket.write(clientFrame(0xa, bytes.subarray(start, end)));
    else if (opcode === close) this.#owner.ended(`closed with ${bytes.readUInt16BE(start)}`);
    else if (opcode === continuation) this.#owner.ended('a frame in parts');
  }
}

function upgrade(path: string, token: string): string {
  const authorization = token === '' ? '' : `Authorization: Bearer ${token}\r\n`;
  return (
    `GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${authorization}` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`
  );
}

/** Masked, as clients must, by the key that changes nothing. */
function clientFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = length < 126 ? 6 : 8;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x80 | opcode;
  if (header === 6) {
    frame[1] = 0x80 | length;
  } else {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  }
  frame.fill(0, header - 4, header);
  payload.copy(frame, header);
  return frame;
}
