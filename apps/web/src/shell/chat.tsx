import { useState, type ReactNode } from 'react';
import { createParley } from '@parley/client';
import { ParleyProvider } from '@parley/react';
import type { Account } from '../session/account.ts';
import { AccountContext } from './account-context.ts';
import { HostSigns } from './host-signs.tsx';
import { Panes } from './panes.tsx';
import { Refusal } from './refusal.ts';
import { ShortcutsProvider } from './shortcuts.tsx';
import { useSurroundings } from './surroundings.ts';
import { WindowSigns } from './window-signs.tsx';

interface ChatProps {
  /** Give it the account's key: a client is for one person. */
  readonly account: Account;
  /** Ends the sign-in that the server does not take; null where the page around alone can mend that. */
  readonly refuse: ((reason: string) => void) | null;
}

/** Everything for somebody who is signed in: the list of conversations, and the one that is open. */
export default function Chat({ account, refuse }: ChatProps): ReactNode {
  const { server, userId, getToken } = account;
  const [client] = useState(() =>
    createParley({ url: server, getToken, ...(userId !== null && { userId }) }),
  );
  const { isEmbedded } = useSurroundings();
  return (
    <AccountContext value={account}>
      <ParleyProvider client={client}>
        <ShortcutsProvider>
          <Refusal refuse={refuse} />
          {isEmbedded ? <HostSigns /> : <WindowSigns />}
          <Panes />
        </ShortcutsProvider>
      </ParleyProvider>
    </AccountContext>
  );
}
