import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { GetToken } from '@parley/client';
import type { Session } from './session.ts';
import { SessionStore } from './session-store.ts';

export type { Session } from './session.ts';

/** Who is signed in to a server; with `getToken`, whoever the host page says. */
export function useSession(server: string, getToken: GetToken | null, ownsWindow: boolean): Session {
  const store = useMemo(
    () => new SessionStore({ server, getToken, ownsWindow }),
    [server, getToken, ownsWindow],
  );
  useEffect(() => store.start(), [store]);
  return useSyncExternalStore(store.subscribe, store.getSnapshot);
}
