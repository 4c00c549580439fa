import type { ServerFrame } from '@parley/protocol';

/** A frame in the form in which it leaves: encoded once, however many receive it. */
export interface Prepared {
  /** The whole WebSocket frame, header included. Shared by all who receive it: never written to. */
  readonly bytes: Buffer;
  /** Whether a slow reader may miss it: typing and status, which the next one of their kind outdates. */
  readonly ephemeral: boolean;
  /** Whether it may wait a moment for others that go the same way. */
  readonly patient?: boolean;
  /** The place of a durable change in its conversation; null for all else. */
  readonly change: { readonly conversationId: string; readonly version: number } | null;
}

/** Turns a frame into what is written to sockets. */
export type Prepare = (frame: ServerFrame) => Prepared;

/** A connection, as the hub sees it. */
export interface Listener {
  readonly userId: string;
  /** Conversations whose typing and status it asked for; null while there are none. The hub keeps it. */
  joined: Set<string> | null;
  /** Queues a frame. Neither throws nor waits. */
  deliver(frame: Prepared): void;
  /** The frame just queued holds this message, by somebody else: once it has arrived, it is delivered. */
  expectDelivery(conversationId: string, seq: number): void;
}

/** What the live side tells its operator, ids only. `pino` is one. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
