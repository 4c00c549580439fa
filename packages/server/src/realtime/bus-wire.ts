import { serverFrames } from '@parley/protocol';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { BusEvent } from '../messaging/ports.ts';

/** `P1`, the node that published, and JSON: events, or for how long some were lost. */
const version = 'P1';
export const nodeIdLength = 12;
const headLength = version.length + nodeIdLength;

const Ids = Type.Array(Type.String());
const Except = Type.Optional(Type.String());
const {
  connected: _connected,
  joined_conversation: _joined,
  left_conversation: _left,
  message_ack: _messageAck,
  read_ack: _readAck,
  sync: _sync,
  token_refreshed: _refreshed,
  pong: _pong,
  error: _error,
  ...published
} = serverFrames;

const Audience = Type.Union([
  Type.Object({
    kind: Type.Literal('conversation'),
    conversationId: Type.String(),
    joinedOnly: Type.Optional(Type.Boolean()),
    except: Except,
  }),
  Type.Object({ kind: Type.Literal('users'), userIds: Ids }),
  Type.Object({ kind: Type.Literal('conversations'), conversationIds: Ids, except: Except }),
]);

/** By the type of the frame: to try one after the other would cost more than to read the JSON. */
const eventOf = new Map(
  Object.entries(published).map(([type, Frame]) => [
    type,
    Compile(
      Type.Object({
        audience: Audience,
        frame: Frame,
        personal: Type.Optional(Type.Object({ userId: Type.String(), frame: Frame })),
      }),
    ),
  ]),
);
const isFramed = Compile(Type.Object({ frame: Type.Object({ type: Type.String() }) }));
const isEvent = (item: unknown): item is BusEvent =>
  isFramed.Check(item) && eventOf.get(item.frame.type)?.Check(item) === true;
const isLoss = Compile(Type.Object({ lostForMs: Type.Number({ minimum: 0 }) }));

/** What came over the wire. `malformed` counts what was dropped. */
export interface Received {
  readonly events: readonly BusEvent[];
  /** Some events of these last milliseconds never came. Null: nothing of the kind. */
  readonly lostForMs: number | null;
  readonly malformed: number;
}

const nothing: Received = { events: [], lostForMs: null, malformed: 0 };
const oneMalformed: Received = { ...nothing, malformed: 1 };

export const encodeEvents = (nodeId: string, events: readonly string[]): string =>
  `${version}${nodeId}[${events.join(',')}]`;

export const encodeLoss = (nodeId: string, lostForMs: number): string =>
  `${version}${nodeId}${JSON.stringify({ lostForMs })}`;

/** Reads a payload, whoever wrote it; one's own is nothing new. Never throws. */
export function decode(nodeId: string, payload: Buffer): Received {
  if (payload.toString('latin1', 0, version.length) !== version) return oneMalformed;
  if (payload.toString('latin1', version.length, headLength) === nodeId) return nothing;
  const body = parse(payload.toString('utf8', headLength));
  if (isLoss.Check(body)) return { ...nothing, lostForMs: body.lostForMs };
  if (!Array.isArray(body)) return oneMalformed;
  const items: unknown[] = body;
  const events = items.filter(isEvent);
  return { ...nothing, events, malformed: items.length - events.length };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller counts it as malformed.
    return undefined;
  }
}
