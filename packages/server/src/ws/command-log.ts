import type { ServerFrame } from '@parley/protocol';
import type { Refusal } from '../messaging/refusal.ts';
import type { Log } from '../realtime/listener.ts';
import { ownId } from '../telemetry/request-facts.ts';
import type { Commander, FrameType } from './command-handlers.ts';

export interface CommandLogger extends Pick<Log, 'info' | 'error'> {
  debug(facts: object, message: string): void;
}

/** Those of which a person sends many while nothing happens that anybody would look for. */
const quiet: ReadonlySet<FrameType> = new Set([
  'ping',
  'typing_start',
  'typing_stop',
  'join_conversation',
  'leave_conversation',
]);

/**
 * One line a command: who sent what where, what became of it, and how long that took. Ids alone, and of those only what
 * has the form of ours: a client may have put anything in their place.
 */
export class CommandLog {
  readonly #log: CommandLogger;

  constructor(log: CommandLogger) {
    this.#log = log;
  }

  /** A command was carried out; `answer` says what came of it. */
  done(from: Commander, type: FrameType, frame: object, answer: ServerFrame | null, ms: number): void {
    const facts = {
      connection_id: from.id,
      user_id: from.userId,
      type,
      conversation_id: conversationIn(frame, answer),
      message_id: messageIn(frame, answer),
      ms: rounded(ms),
    };
    if (quiet.has(type)) this.#log.debug(facts, 'command');
    else this.#log.info(facts, 'command');
  }

  /** It was not; by a fault of ours, if so with `error` and its stack. `frame`: null for what is none. */
  refused(
    from: Commander,
    type: FrameType | 'unknown',
    frame: object | null,
    refusal: Refusal,
    error: unknown,
    ms: number,
  ): void {
    const isFault = refusal.code === 'internal';
    const facts = {
      connection_id: from.id,
      user_id: from.userId,
      type,
      conversation_id: frame === null ? undefined : conversationIn(frame, null),
      message_id: frame === null ? undefined : messageIn(frame, null),
      code: refusal.code,
      ms: rounded(ms),
      err: isFault ? error : undefined,
    };
    if (isFault) this.#log.error(facts, 'a command failed');
    else this.#log.info(facts, 'command');
  }
}

function conversationIn(frame: object, answer: ServerFrame | null): string | undefined {
  if (answer?.type === 'read_ack') return answer.conversation_id;
  return 'conversation_id' in frame ? ownId(frame.conversation_id) : undefined;
}

function messageIn(frame: object, answer: ServerFrame | null): string | undefined {
  if (answer?.type === 'message_ack') return answer.message.id;
  return 'message_id' in frame ? ownId(frame.message_id) : undefined;
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
