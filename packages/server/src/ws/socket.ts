import { WebSocket, type RawData } from 'ws';
/** What happens on a socket. */
export interface SocketOwner {
  /** A frame arrived: its text, or null for a binary one. */
  receive(text: string | null): void;
  /** The client sent a ping; `ws` answers it. */
  pinged(): void;
  /** The client has read everything that was written before our ping of this number; NaN if it had none. */
  answered(ping: number): void;
  /** It is over; `code` is the close code as `ws` saw it. */
  ended(code: number): void;
}

/** A WebSocket that knows whose it is, so that all of them share the functions that listen. */
export class Socket extends WebSocket {
  owner: SocketOwner | null = null;
}

/** Passes on to its owner what a socket tells. */
export function connect(socket: Socket, owner: SocketOwner): void {
  socket.owner = owner;
  socket
    .on('message', onMessage)
    .on('pong', onPong)
    .on('ping', onPing)
    .on('close', onClose)
    .on('error', onError);
}

const ownerOf = (socket: WebSocket): SocketOwner | null => (socket instanceof Socket ? socket.owner : null);

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  ownerOf(this)?.receive(isBinary || !Buffer.isBuffer(data) ? null : data.toString());
}

function onPong(this: WebSocket, payload: Buffer): void {
  ownerOf(this)?.answered(Number(payload.toString()));
}

function onPing(this: WebSocket): void {
  ownerOf(this)?.pinged();
}

function onClose(this: WebSocket, code: number): void {
  ownerOf(this)?.ended(code);
}

/** A broken frame or a broken connection: `ws` closes the socket itself, and says so by `close`. */
function onError(): void {}
