import { useCallback, useMemo, useState } from 'react';
import type { UserStatus } from '@parley/client';
import { useParley, usePresence, useUserId } from '@parley/react';
import { useToasts } from '../ui/toast.tsx';

export type Status = UserStatus['status'];

/** What others see of somebody, by its name to that person: who is `offline` while they are here hides. */
export const statusNames: Readonly<Record<Status, string>> = {
  online: 'Online',
  away: 'Away',
  busy: 'Busy',
  offline: 'Invisible',
};

export interface OwnStatus {
  /** Undefined until it is known. */
  readonly status: Status | undefined;
  /** Shows at once, and is taken back if the server can't be told. */
  readonly choose: (status: Status) => void;
}

export function useOwnStatus(): OwnStatus {
  const parley = useParley();
  const userId = useUserId();
  const { fail } = useToasts();
  const [chosen, setChosen] = useState<Status | null>(null);
  const known = usePresence(useMemo(() => (userId === null ? [] : [userId]), [userId]));
  const choose = useCallback(
    (status: Status) => {
      const tell = async (): Promise<void> => {
        setChosen(status);
        try {
          await parley.setStatus(status);
          const { userId: me } = parley.getSnapshot();
          if (me !== null) await parley.watchStatuses([me]);
        } catch (error) {
          fail(error);
        }
        setChosen(null);
      };
      void tell();
    },
    [parley, fail],
  );
  const status = chosen ?? (userId === null ? undefined : known.get(userId)?.status);
  return useMemo(() => ({ status, choose }), [status, choose]);
}
