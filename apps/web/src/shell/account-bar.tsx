import type { ReactNode } from 'react';
import type { ParleyState, Participant } from '@parley/client';
import { useParleyState, useUserId } from '@parley/react';
import { Avatar } from '../ui/avatar.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import { useAccount } from './account-context.ts';
import { statusNames, useOwnStatus } from './own-status.ts';
import { useAccountEntries } from './use-account-entries.tsx';
import { useIsOffline } from './use-online.ts';

/** Who is signed in, and all that is theirs: status, notifications, looks, signing out. */
export function AccountBar(): ReactNode {
  const account = useAccount();
  const userId = useUserId() ?? account.userId;
  const me = useParleyState(findMe);
  const { status, choose } = useOwnStatus();
  const isLost = useIsOffline();
  const entries = useAccountEntries(status, choose);
  const name = me?.display_name ?? account.name ?? userId ?? 'You';
  const words = isLost ? 'Not connected' : status === undefined ? '' : statusNames[status];
  return (
    <div className="account-bar">
      <Menu
        className="account-button"
        align="start"
        label=""
        entries={entries}
        trigger={
          <>
            <span aria-hidden="true" className="account-picture">
              <Avatar
                id={userId ?? name}
                name={name}
                url={me?.avatar_url}
                size={32}
                status={isLost ? undefined : status}
              />
            </span>
            <span className="hidden-text">Your account: </span>
            <span className="account-who">
              <span className="account-name one-line">
                <bdi>{name}</bdi>
              </span>
              <span className="account-status">{words}</span>
            </span>
            <Icon name="settings" />
          </>
        }
      />
    </div>
  );
}

/** One is in all one's conversations, but not among the first of a large one. */
function findMe({ conversations, userId }: ParleyState): Participant | undefined {
  for (const { participants } of conversations) {
    const me = participants.find((each) => each.user_id === userId);
    if (me !== undefined) return me;
  }
  return undefined;
}
