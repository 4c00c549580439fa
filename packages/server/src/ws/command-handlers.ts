import type {
  AppRole,
  ClientFrames,
  LimitType,
  MessageType,
  ReadAnswer,
  SendMessageBody,
  ServerFrame,
} from '@parley/protocol';
import type { Verifier } from '../identity/verifier.ts';
import { userKey } from '../limits/key.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { Actor } from '../messaging/actor.ts';
import type { Action } from '../messaging/permissions.ts';
import type { Access, Clock, SentMessage } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import type { Hub } from '../realtime/hub.ts';
import type { Listener } from '../realtime/listener.ts';
import { echo } from './echo.ts';
import { resume, type CatchUpPages, type Resumer } from './resume.ts';

/** What commands do. */
export interface UseCases {
  readonly messages: {
    /** Calls for one conversation take effect in the order in which they are made. */
    send(actor: Actor, conversationId: string, body: SendMessageBody): Promise<SentMessage>;
  };
  readonly receipts: {
    /** `conversationId`: where the message must be, if given. */
    markRead(actor: Actor, messageId: string, conversationId?: string): Promise<ReadAnswer>;
  };
  readonly conversations: { access(actor: Actor, conversationId: string, action: Action): Promise<Access> };
  readonly presence: {
    /** `source`: the connection, with whose end the typing ends. */
    typing(actor: Actor, conversationId: string, on: boolean, source: string): Promise<void>;
  };
  readonly catchUp: CatchUpPages;
}

/** A message that a WebSocket brought became durable. */
export interface SentFacts {
  readonly via: 'websocket';
  readonly type: MessageType;
  readonly conversationId: string;
  readonly userId: string;
}

export interface HandlersDeps {
  readonly useCases: UseCases;
  readonly hub: Pick<Hub, 'join' | 'leave'>;
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly limiter: Pick<Limiter, 'consume'>;
  readonly clock: Clock;
  /** A frame was refused by a rate limit. */
  readonly onLimited: (type: LimitType, role: AppRole) => void;
  readonly onSent: (facts: SentFacts) => void;
}

/** The connection that a command came by. */
export interface Commander extends Listener, Resumer {
  readonly id: string;
  /** Settles when those commands that take effect one after the other have; null while there are none. */
  turn: Promise<unknown> | null;
  /** Settles when the sends so far have begun; null before the first. */
  sending: Promise<unknown> | null;
  /** Settles when the catch-ups so far have ended; null while there are none. */
  resuming: Promise<unknown> | null;
  /** How many catch-ups are under way or wait. */
  resumes: number;
  send(frame: ServerFrame): void;
  /** Goes on with another token of the same person. */
  renew(actor: Actor, expiresAt: number): void;
  /** A command begins; `finished` follows, whatever becomes of it. */
  begun(): void;
  finished(): void;
}

export type FrameType = keyof ClientFrames;

/** What each frame does. Answers what came of it, which is to be sent back unless `isWanted` says no; or null. @throws Refusal */
export type Handlers = {
  readonly [K in FrameType]: (from: Commander, frame: ClientFrames[K]) => Promise<ServerFrame | null>;
};

/**
 * Sends begin in the order of their frames and run side by side; joining, leaving and typing take effect one after the
 * other, and so do catch-ups; all else is independent.
 */
export const createHandlers = (deps: HandlersDeps): Handlers => ({
  join_conversation: (from, frame) => inTurn(from, () => join(deps, from, frame)),
  leave_conversation: (from, frame) => inTurn(from, () => leave(deps, from, frame)),
  typing_start: (from, frame) => inTurn(from, () => type(deps, from, frame, true)),
  typing_stop: (from, frame) => inTurn(from, () => type(deps, from, frame, false)),
  message_read: (from, frame) => read(deps, from, frame),
  send_message: (from, frame) => send(deps, from, frame),
  resume: (from, frame) => oneByOne(from, () => resume(deps.useCases.catchUp, from, frame)),
  refresh_token: (from, frame) => refresh(deps, from, frame),
  ping: async (_from, frame) => ({ type: 'pong', ...echo(frame), server_time: timestamp(deps.clock.now()) }),
});

/** To have read something is answered to those who count their frames alone. */
export const isWanted = (answer: ServerFrame): boolean =>
  answer.type !== 'read_ack' || answer.request_id !== undefined;

type Deps = HandlersDeps;

async function join(
  deps: Deps,
  from: Commander,
  frame: ClientFrames['join_conversation'],
): Promise<ServerFrame> {
  await deps.useCases.conversations.access(from.actor, frame.conversation_id, 'conversation.join');
  deps.hub.join(from, frame.conversation_id);
  return { type: 'joined_conversation', conversation_id: frame.conversation_id, ...echo(frame) };
}

async function leave(
  deps: Deps,
  from: Commander,
  frame: ClientFrames['leave_conversation'],
): Promise<ServerFrame> {
  deps.hub.leave(from, frame.conversation_id);
  return { type: 'left_conversation', conversation_id: frame.conversation_id, ...echo(frame) };
}

async function type(
  deps: Deps,
  from: Commander,
  frame: ClientFrames['typing_start' | 'typing_stop'],
  on: boolean,
): Promise<null> {
  await deps.useCases.presence.typing(from.actor, frame.conversation_id, on, from.id);
  return null;
}

async function read(deps: Deps, from: Commander, frame: ClientFrames['message_read']): Promise<ServerFrame> {
  const answer = await deps.useCases.receipts.markRead(from.actor, frame.message_id, frame.conversation_id);
  return { type: 'read_ack', ...echo(frame), ...answer };
}

async function send(deps: Deps, from: Commander, frame: ClientFrames['send_message']): Promise<ServerFrame> {
  const { type: _type, request_id: _id, conversation_id: conversationId, ...body } = frame;
  const { actor } = from;
  const begun = begin(from, count(deps, actor), () =>
    deps.useCases.messages.send(actor, conversationId, body),
  );
  const { message, replayed } = await (await begun).sent;
  if (!replayed) {
    deps.onSent({ via: 'websocket', type: message.message_type, conversationId, userId: actor.userId });
  }
  return { type: 'message_ack', ...echo(frame), message, replayed };
}

async function refresh(
  deps: Deps,
  from: Commander,
  frame: ClientFrames['refresh_token'],
): Promise<ServerFrame> {
  const { actor, expiresAt } = await deps.verifier.verify(frame.token);
  if (actor.kind !== from.actor.kind || actor.userId !== from.actor.userId)
    throw new Refusal('invalid_token');
  from.renew(actor, expiresAt);
  return { type: 'token_refreshed', ...echo(frame), expires_at: timestamp(expiresAt) };
}

/** The service role is the operator's own backend, and exempt. */
async function count({ limiter, onLimited }: Deps, actor: Actor): Promise<void> {
  if (actor.kind === 'service') return;
  const state = await limiter.consume('message_send', { key: userKey(actor.userId), role: actor.appRole });
  if (state === null || state.allowed) return;
  onLimited('message_send', actor.appRole);
  throw new Refusal('rate_limited', { retryAfter: state.retryAfter });
}

/**
 * Begins a send once it is counted and those before it have begun: counts are asked for all at once, and may be
 * answered in any order. The promise of the send itself is wrapped, since it is not to be awaited here.
 */
function begin<T>(
  from: Commander,
  counted: Promise<void>,
  work: () => Promise<T>,
): Promise<{ readonly sent: Promise<T> }> {
  const before = from.sending;
  const run = async () => {
    await before;
    await counted;
    return { sent: work() };
  };
  // It may be refused while those before it are still waited for.
  counted.catch(ignore);
  const begun = run();
  from.sending = begun.then(ignore, ignore);
  return begun;
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

/** One that answers, and one that waits for it: a further one would be told what that one will be. */
const maxResumes = 2;

/**
 * Runs a catch-up when the one before it has ended.
 * @throws Refusal `rate_limited`
 */
async function oneByOne<T>(from: Commander, work: () => Promise<T>): Promise<T> {
  if (from.resumes >= maxResumes) throw new Refusal('rate_limited', { retryAfter: 1 });
  from.resumes++;
  const result = from.resuming === null ? work() : from.resuming.then(work);
  from.resuming = result.then(ignore, ignore);
  try {
    return await result;
  } finally {
    if (--from.resumes === 0) from.resuming = null;
  }
}

const ignore = (): void => undefined;

/** RFC 3339; for what never ends, the last moment that it can name. */
const timestamp = (at: number): string =>
  new Date(Math.min(at, Date.parse('9999-12-31T23:59:59.999Z'))).toISOString();
