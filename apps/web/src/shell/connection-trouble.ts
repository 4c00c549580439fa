import type { ConnectionState } from '@parley/client';

/** What is wrong with the connection, as the banner tells it. */
export type Trouble =
  | { readonly kind: 'offline' | 'connecting' | 'reconnecting' | 'catching-up' }
  /** `retryAt`: milliseconds since 1970. */
  | { readonly kind: 'waiting' | 'limited'; readonly retryAt: number }
  | { readonly kind: 'refused' };

/** Null if nothing is. `wasLive`: whether there has been a connection before. */
export function troubleOf(state: ConnectionState, isOnline: boolean, wasLive: boolean): Trouble | null {
  if (state.status === 'closed') return null;
  if (state.status === 'refused') return { kind: 'refused' };
  // The browser knows it long before a heartbeat is missed.
  if (!isOnline) return { kind: 'offline' };
  if (state.status === 'live') return null;
  if (state.status === 'waiting') {
    const { code } = state.error;
    const isLimited = code === 'rate_limited' || code === 'too_many_connections';
    return { kind: isLimited ? 'limited' : 'waiting', retryAt: state.retryAt };
  }
  if (state.status === 'catching_up') return { kind: 'catching-up' };
  return { kind: wasLive ? 'reconnecting' : 'connecting' };
}

/** Said aloud once for each; those that take turns while there is no server say the same. */
export const announcements: Readonly<Record<Trouble['kind'], string>> = {
  offline: 'You are offline. Messages will wait.',
  connecting: 'Connecting…',
  reconnecting: 'No connection. Reconnecting…',
  waiting: 'No connection. Reconnecting…',
  limited: 'Too many requests. Trying again soon.',
  'catching-up': 'Catching up…',
  refused: 'You have to sign in again.',
};

/** What the strip shows: one line, also in a narrow window. `seconds`: until it is tried again. */
export function shownOf({ kind }: Trouble, seconds: number): string {
  if (kind === 'limited' && seconds > 0) return `Too many requests. Next try in ${seconds} s`;
  if (kind === 'waiting' && seconds > 0) return `Reconnecting in ${seconds} s`;
  const isTrying = kind === 'reconnecting' || kind === 'waiting' || kind === 'limited';
  return isTrying ? 'Reconnecting…' : announcements[kind];
}

/** What a screen reader says: what is wrong now, or that it is over. */
export function spokenOf(trouble: Trouble | null, wasLost: boolean): string {
  if (trouble !== null) return announcements[trouble.kind];
  return wasLost ? 'Connected again.' : '';
}
