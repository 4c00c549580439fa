import {
  clientFrames,
  type AppRole,
  type ClientFrames,
  type ErrorCode,
  type LimitType,
  type MessageType,
  type ReadAnswer,
  type SendMessageBody,
  type ServerFrame,
} from '@parley/protocol';
import type { Verifier } from '../identity/verifier.ts';
import { userKey } from '../limits/key.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { Actor } from '../messaging/actor.ts';
import type { Action } from '../messaging/permissions.ts';
import type { Access, Clock, SentMessage } from '../messaging/ports.ts';
import { invalid, Refusal } from '../messaging/refusal.ts';
import { compile, type Checked } from '../messaging/validation.ts';
import type { Hub } from '../realtime/hub.ts';
import type { Listener, Log } from '../realtime/listener.ts';
import { errorFrame } from './error-frame.ts';

/** What commands do. */
export interface UseCases {
  readonly messages: {
    /** Calls for one conversation take effect in the order in which they are made. */
    send(actor: Actor, conversationId: string, body: SendMessageBody): Promise<SentMessage>;
  };
  readonly receipts: { markRead(actor: Actor, messageId: string): Promise<ReadAnswer> };
  readonly conversations: { access(actor: Actor, conversationId: string, action: Action): Promise<Access> };
  readonly presence: {
    /** `source`: the connection, with whose end the typing ends. */
    typing(actor: Actor, conversationId: string, on: boolean, source: string): Promise<void>;
  };
}

export type FrameType = keyof ClientFrames;

export interface CommandMeter {
  command(facts: {
    readonly type: FrameType | 'unknown';
    readonly outcome: 'ok' | 'refused' | 'failed';
    readonly ms: number;
  }): void;
  /** An `error` frame was sent. */
  error(code: ErrorCode): void;
}

/** A message that a WebSocket brought became durable. */
export interface SentFacts {
  readonly via: 'websocket';
  readonly type: MessageType;
  readonly conversationId: string;
  readonly userId: string;
}

export interface CommandsDeps {
  readonly useCases: UseCases;
  readonly hub: Pick<Hub, 'join' | 'leave'>;
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly limiter: Pick<Limiter, 'consume'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: CommandMeter;
  /** A frame was refused by a rate limit. */
  readonly onLimited: (type: LimitType, role: AppRole) => void;
  readonly onSent: (facts: SentFacts) => void;
}

/** The connection that a command came by. */
export interface Commander extends Listener {
  readonly id: string;
  readonly actor: Actor;
  /** Whether it is about to be closed and takes no new commands. */
  readonly leaving: boolean;
  /** Settles when those commands that take effect one after the other have; null while there are none. */
  turn: Promise<unknown> | null;
  /** Settles when the sends so far have begun; null before the first. */
  sending: Promise<unknown> | null;
  send(frame: ServerFrame): void;
  /** Goes on with another token of the same person. */
  renew(actor: Actor, expiresAt: number): void;
  /** A command begins; `finished` follows, whatever becomes of it. */
  begun(): void;
  finished(): void;
}

type Checks = { readonly [K in FrameType]: (value: unknown) => Checked<ClientFrames[K]> };
type Handlers = {
  readonly [K in FrameType]: (from: Commander, frame: ClientFrames[K]) => Promise<ServerFrame | null>;
};

const checks: Checks = {
  join_conversation: compile(clientFrames.join_conversation),
  leave_conversation: compile(clientFrames.leave_conversation),
  typing_start: compile(clientFrames.typing_start),
  typing_stop: compile(clientFrames.typing_stop),
  message_read: compile(clientFrames.message_read),
  send_message: compile(clientFrames.send_message),
  refresh_token: compile(clientFrames.refresh_token),
  ping: compile(clientFrames.ping),
};

const isFrameType = (type: unknown): type is FrameType =>
  typeof type === 'string' && Object.hasOwn(checks, type);

/**
 * Carries out the frames of clients. What fails is answered by an `error` frame, and the connection stays.
 *
 * Sends begin in the order of their frames and run side by side; joining, leaving and typing take effect one after the
 * other; all else is independent.
 */
export class Commands {
  readonly #deps: CommandsDeps;
  readonly #handlers: Handlers;

  constructor(deps: CommandsDeps) {
    this.#deps = deps;
    this.#handlers = {
      join_conversation: (from, frame) => inTurn(from, () => this.#join(from, frame)),
      leave_conversation: (from, frame) => inTurn(from, () => this.#leave(from, frame)),
      typing_start: (from, frame) => inTurn(from, () => this.#type(from, frame, true)),
      typing_stop: (from, frame) => inTurn(from, () => this.#type(from, frame, false)),
      message_read: (from, frame) => this.#read(from, frame),
      send_message: (from, frame) => this.#send(from, frame),
      refresh_token: (from, frame) => this.#refresh(from, frame),
      ping: async (_from, frame) => ({
        type: 'pong',
        ...echo(frame),
        server_time: this.#time(this.#deps.clock.now()),
      }),
    };
  }

  /** Takes a text frame; null for a binary one. Neither throws nor waits. */
  receive(from: Commander, text: string | null): void {
    const value = text === null ? undefined : parseJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#refuse(from, 'unknown', undefined, new Refusal('malformed_body'));
    }
    const requestId = requestIdOf(value);
    const type = 'type' in value ? value.type : undefined;
    if (!isFrameType(type)) {
      return this.#refuse(
        from,
        'unknown',
        requestId,
        invalid('/type', 'is not the type of a frame that clients send'),
      );
    }
    if (from.leaving) return this.#refuse(from, type, requestId, new Refusal('shutting_down'));
    void this.#run(from, type, value, requestId);
  }

  async #run<K extends FrameType>(
    from: Commander,
    type: K,
    value: unknown,
    requestId: string | undefined,
  ): Promise<void> {
    const since = performance.now();
    from.begun();
    try {
      const checked = checks[type](value);
      if (!checked.ok) throw new Refusal('validation_failed', { errors: checked.errors });
      const answer = await this.#handlers[type](from, checked.value);
      if (answer !== null) from.send(answer);
      this.#deps.meter.command({ type, outcome: 'ok', ms: performance.now() - since });
    } catch (error) {
      this.#refuse(from, type, requestId, error, performance.now() - since);
    } finally {
      from.finished();
    }
  }

  #refuse(
    from: Commander,
    type: FrameType | 'unknown',
    requestId: string | undefined,
    error: unknown,
    ms = 0,
  ): void {
    const { log, meter } = this.#deps;
    const refusal = error instanceof Refusal ? error : new Refusal('internal', { cause: error });
    if (refusal.code === 'internal') {
      log.error({ err: error, connectionId: from.id, userId: from.userId, frame: type }, 'a command failed');
    }
    meter.command({ type, outcome: refusal.status >= 500 ? 'failed' : 'refused', ms });
    meter.error(refusal.code);
    from.send(errorFrame(refusal, requestId));
  }

  async #join(from: Commander, frame: ClientFrames['join_conversation']): Promise<ServerFrame> {
    await this.#deps.useCases.conversations.access(from.actor, frame.conversation_id, 'conversation.join');
    this.#deps.hub.join(from, frame.conversation_id);
    return { type: 'joined_conversation', conversation_id: frame.conversation_id, ...echo(frame) };
  }

  async #leave(from: Commander, frame: ClientFrames['leave_conversation']): Promise<ServerFrame> {
    this.#deps.hub.leave(from, frame.conversation_id);
    return { type: 'left_conversation', conversation_id: frame.conversation_id, ...echo(frame) };
  }

  async #type(
    from: Commander,
    frame: ClientFrames['typing_start' | 'typing_stop'],
    on: boolean,
  ): Promise<null> {
    await this.#deps.useCases.presence.typing(from.actor, frame.conversation_id, on, from.id);
    return null;
  }

  async #read(from: Commander, frame: ClientFrames['message_read']): Promise<ServerFrame | null> {
    const answer = await this.#deps.useCases.receipts.markRead(from.actor, frame.message_id);
    return frame.request_id === undefined ? null : { type: 'read_ack', ...echo(frame), ...answer };
  }

  async #send(from: Commander, frame: ClientFrames['send_message']): Promise<ServerFrame> {
    const { type: _type, request_id: _id, conversation_id: conversationId, ...body } = frame;
    const { actor } = from;
    const begun = this.#begin(from, () => this.#deps.useCases.messages.send(actor, conversationId, body));
    const { message, replayed } = await (await begun).sent;
    if (!replayed)
      this.#deps.onSent({
        via: 'websocket',
        type: message.message_type,
        conversationId,
        userId: actor.userId,
      });
    return { type: 'message_ack', ...echo(frame), message, replayed };
  }

  /**
   * Begins a send once it is counted and those before it have begun: counting asks all at once, and may answer in any
   * order. The promise of the send itself is wrapped, since it is not to be awaited here.
   */
  #begin(
    from: Commander,
    send: () => Promise<SentMessage>,
  ): Promise<{ readonly sent: Promise<SentMessage> }> {
    const counted = this.#count(from.actor);
    const before = from.sending;
    const begin = async () => {
      await before;
      await counted;
      return { sent: send() };
    };
    const begun = begin();
    from.sending = begun.then(ignore, ignore);
    return begun;
  }

  async #count(actor: Actor): Promise<void> {
    if (actor.kind === 'service') return;
    const state = await this.#deps.limiter.consume('message_send', {
      key: userKey(actor.userId),
      role: actor.appRole,
    });
    if (state === null || state.allowed) return;
    this.#deps.onLimited('message_send', actor.appRole);
    throw new Refusal('rate_limited', { retryAfter: state.retryAfter });
  }

  async #refresh(from: Commander, frame: ClientFrames['refresh_token']): Promise<ServerFrame> {
    const { actor, expiresAt } = await this.#deps.verifier.verify(frame.token);
    if (actor.kind !== from.actor.kind || actor.userId !== from.actor.userId)
      throw new Refusal('invalid_token');
    from.renew(actor, expiresAt);
    return { type: 'token_refreshed', ...echo(frame), expires_at: this.#time(expiresAt) };
  }

  /** RFC 3339; for what never ends, the last moment that it can name. */
  #time(at: number): string {
    return new Date(Math.min(at, Date.parse('9999-12-31T23:59:59.999Z'))).toISOString();
  }
}

/** Runs `work` when what was begun so before has ended. */
function inTurn<T>(from: Commander, work: () => Promise<T>): Promise<T> {
  const result = from.turn === null ? work() : from.turn.then(work);
  const turn = result.then(ignore, ignore).then(() => {
    if (from.turn === turn) from.turn = null;
  });
  from.turn = turn;
  return result;
}

const ignore = (): void => undefined;

const echo = (frame: { readonly request_id?: string }): { request_id?: string } =>
  frame.request_id === undefined ? {} : { request_id: frame.request_id };

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Even a frame that is wrong is answered by its number, where that is right. */
function requestIdOf(frame: object): string | undefined {
  const id = 'request_id' in frame ? frame.request_id : undefined;
  return typeof id === 'string' && id.length <= 64 ? id : undefined;
}
