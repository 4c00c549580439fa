import type { ServerFrame } from '@parley/protocol';
import type { Prepared } from '../realtime/listener.ts';

const text = 0x1;
const ping = 0x9;
/** The bit that marks a frame as whole. */
const fin = 0x80;

/** Encodes a frame once, for as many sockets as it may concern. */
export const prepare = (frame: ServerFrame): Prepared => ({
  bytes: encode(text, JSON.stringify(frame)),
  ephemeral: isEphemeral(frame),
  patient: isPatient(frame),
  change: 'version' in frame ? { conversationId: frame.conversation_id, version: frame.version } : null,
});

/** A ping whose answer repeats `number`. */
export const pingFrame = (number: number): Buffer => encode(ping, String(number));

/** What the next one of its kind outdates, so that a slow reader may miss it. */
const isEphemeral = ({ type }: ServerFrame): boolean =>
  type === 'typing_start' || type === 'typing_stop' || type === 'user_status_change';

/** Who comes and goes, and what reached whom: where there is one, there are many at nearly the same time. */
const isPatient = (frame: ServerFrame): boolean =>
  frame.type === 'message_delivered' ||
  (frame.type === 'user_status_change' && frame.conversation_id === null);

/** An unmasked, uncompressed WebSocket frame (RFC 6455, section 5.2) as a server sends it, in one buffer. */
function encode(opcode: number, payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafeSlow(header + length);
  bytes[0] = fin | opcode;
  if (header === 2) {
    bytes[1] = length;
  } else if (header === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  bytes.write(payload, header);
  return bytes;
}
