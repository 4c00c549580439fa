import { useState, useSyncExternalStore } from 'react';
import { useConnection } from '@parley/react';

/** Whether the machine has a network at all; the browser knows it long before a heartbeat is missed. */
export const useIsOnline = (): boolean => useSyncExternalStore(subscribe, () => navigator.onLine);

/** Whether nothing can be asked of the server at the moment. */
export function useIsOffline(): boolean {
  const isOnline = useIsOnline();
  const { status } = useConnection();
  const [wasLive, setWasLive] = useState(false);
  if (status === 'live' && !wasLive) setWasLive(true);
  return status === 'waiting' || (status === 'connecting' && wasLive) || !isOnline;
}

function subscribe(listener: () => void): () => void {
  const types = ['online', 'offline'] as const;
  for (const type of types) window.addEventListener(type, listener);
  return () => {
    for (const type of types) window.removeEventListener(type, listener);
  };
}
