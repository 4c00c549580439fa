import type { ServerFrames } from '@parley/protocol';
import { guard } from './signal.ts';
import type { ConnectionState } from './state.ts';

/** What `on` tells beside the server's own frames. */
interface OwnEvents {
  /** The connection came, went, or has caught up. */
  readonly connection: { readonly type: 'connection' } & ConnectionState;
}

type Answers =
  | 'connected'
  | 'joined_conversation'
  | 'left_conversation'
  | 'message_ack'
  | 'read_ack'
  | 'sync'
  | 'pong'
  | 'token_refreshed';

/**
 * Events by name: the server's, as its protocol has them, and `connection`. They come after the store has taken them.
 * `new_message` comes once for each new message, those missed while away included, unless there were so many that the
 * conversation had to be read anew. Other changes of that time are in the state alone.
 */
export type ParleyEvents = Omit<ServerFrames, Answers> & OwnEvents;
export type ParleyEvent = ParleyEvents[keyof ParleyEvents];
export type Handler<K extends keyof ParleyEvents> = (event: ParleyEvents[K]) => void;

export class Events {
  readonly #handlers = new Map<string, Set<(event: never) => void>>();

  on<K extends keyof ParleyEvents>(type: K | '*', handler: (event: never) => void): () => void {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler));
    return () => void handlers.delete(handler);
  }

  emit(event: ParleyEvent): void {
    for (const name of [event.type, '*'])
      for (const handler of this.#handlers.get(name) ?? [])
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- handlers are kept under their event's name
        guard(() => handler(event as never));
  }
}
