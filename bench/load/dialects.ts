/** How the servers that are compared want to be spoken to over a WebSocket. */
export interface Dialect {
  /** The path of the upgrade. */
  readonly path: string;
  /** What is to be sent once the upgrade is done; null for nothing. */
  readonly hello: ((token: string) => string) | null;
  /** Whether a first frame tells that the connection is ready, as against the upgrade alone. */
  readonly greets: boolean;
  /** A message to send: into a room, numbered. */
  message(number: number, room: string, content: string): string;
  /** What a text frame, which lies from `start` to `end`, is. */
  kindOf(bytes: Buffer, start: number, end: number): Kind;
  /** Which message an acknowledgement is of. */
  acknowledged(bytes: Buffer, start: number, end: number): number;
}

/** `ask`: a question to be answered by `pong`. */
export type Kind = 'greeting' | 'delivery' | 'ack' | 'ask' | 'error' | 'other';

const letter = (text: string): number => text.charCodeAt(0);

const parley: Dialect = {
  path: '/api/ws',
  hello: null,
  greets: true,
  message: (number, room, content) =>
    `{"type":"send_message","request_id":"${number}","conversation_id":"${room}","content":"${content}"}`,
  kindOf(bytes, start) {
    // After `{"type":"`.
    switch (bytes[start + 9]) {
      case letter('n'):
        return 'delivery';
      case letter('m'):
        return bytes[start + 17] === letter('a') ? 'ack' : 'other';
      case letter('c'):
        return bytes.toString('latin1', start + 9, start + 18) === 'connected' ? 'greeting' : 'other';
      case letter('e'):
        return 'error';
      default:
        return 'other';
    }
  },
  // After `{"type":"message_ack","request_id":"`.
  acknowledged: (bytes, start) => numberAt(bytes, start + 36),
};

/** A server that sends the same frames to each socket, and is told nothing. */
const plain: Dialect = { ...parley, path: '/', greets: false };

/** Engine.IO 4 and Socket.IO 5, over a WebSocket from the beginning. */
const socketIo: Dialect = {
  path: '/socket.io/?EIO=4&transport=websocket',
  hello: (token) => `40{"token":"${token}"}`,
  greets: true,
  message: (number, room, content) => `42${number}["message",{"room":"${room}","content":"${content}"}]`,
  kindOf(bytes, start) {
    if (bytes[start] === letter('2')) return 'ask';
    if (bytes[start] !== letter('4')) return 'other';
    switch (bytes[start + 1]) {
      case letter('0'):
        return 'greeting';
      case letter('2'):
        return 'delivery';
      case letter('3'):
        return 'ack';
      default:
        return 'error';
    }
  },
  acknowledged: (bytes, start) => numberAt(bytes, start + 2),
};

export const dialects = { parley, plain, 'socket.io': socketIo } as const;
export type DialectName = keyof typeof dialects;

function numberAt(bytes: Buffer, start: number): number {
  let value = 0;
  for (let at = start; ; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}
