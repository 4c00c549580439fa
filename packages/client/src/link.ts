import type { ClientFrame, ServerFrame } from '@parley/protocol';
import type { ParleyError } from './errors.ts';

/** How the socket does. */
export type LinkStatus =
  | { readonly status: 'connecting' }
  | { readonly status: 'open' }
  /** Tries again at `retryAt`, in milliseconds since 1970. */
  | { readonly status: 'waiting'; readonly retryAt: number; readonly error: ParleyError }
  /** The token was refused. Goes on as soon as `getToken` gives another one. */
  | { readonly status: 'refused'; readonly error: ParleyError };

/** What a link tells. */
export interface LinkListener {
  status(status: LinkStatus): void;
  frame(frame: ServerFrame): void;
  /** Frames may have been missed. */
  missed(): void;
  /** From now on this side has the socket itself. */
  leads(): void;
  /** Another side has told this by `tell`. */
  told(news: unknown): void;
}

/** A socket of one's own, or a share in another tab's. */
export interface Link {
  /** Whether the socket is one's own. */
  readonly leads: boolean;
  start(): void;
  stop(): void;
  /** Looks after the connection now: something may have happened to it unnoticed. */
  wake(): void;
  /** Has no effect while it is not open. */
  send(frame: ClientFrame): void;
  /** Tells all other sides that share the socket. Plain data, as `structuredClone` takes it. */
  tell(news: unknown): void;
}
