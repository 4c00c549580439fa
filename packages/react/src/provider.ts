import { createContext, createElement, useContext, useEffect, type ReactNode } from 'react';
import type { Parley } from '@parley/client';

const ParleyContext = createContext<Parley | null>(null);

export interface ParleyProviderProps {
  /** From `createParley`: make it once, outside of any component. */
  readonly client: Parley;
  /** Connects while this is mounted, and closes after it; false: that is yours to do. */
  readonly connect?: boolean;
  readonly children?: ReactNode;
}

/** How many providers hold each client, so that it closes after the last of them. */
const holders = new WeakMap<Parley, number>();

/** Hands a client to the hooks below. Whoever signs in as somebody else gets another client, and another provider's `key`. */
export function ParleyProvider({ client, connect = true, children }: ParleyProviderProps): ReactNode {
  useEffect(() => (connect ? hold(client) : undefined), [client, connect]);
  // React 18 knows no other kind of provider.
  return createElement(ParleyContext.Provider, { value: client }, children);
}

/** Connects a client. StrictMode and hot reloads unmount and mount again at once: only what stays unmounted is closed. */
export function hold(client: Parley): () => void {
  holders.set(client, (holders.get(client) ?? 0) + 1);
  client.connect().catch(() => undefined);
  return () => {
    holders.set(client, (holders.get(client) ?? 1) - 1);
    setTimeout(() => {
      if (holders.get(client) === 0) client.close().catch(() => undefined);
    });
  };
}

/** The client of the nearest `ParleyProvider`. @throws Error where there is none */
export function useParley(): Parley {
  const client = useContext(ParleyContext);
  if (client === null) throw new Error('Parley hooks need a <ParleyProvider client={…}> around them');
  return client;
}
