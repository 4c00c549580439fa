import { useCallback } from 'react';
import { useParley } from '@parley/react';
import { forgetWriting } from '../composer/kept.ts';
import type { MenuEntry } from '../ui/menu.tsx';
import { useAccount } from './account-context.ts';
import { useChoice } from './choice.ts';
import { theme } from './choices.ts';
import { statusNames, type Status } from './own-status.ts';
import { useShortcuts } from './shortcuts.tsx';
import { useSurroundings } from './surroundings.ts';
import { useNotificationChoice } from './use-notification-choice.ts';

const statuses: readonly Status[] = ['online', 'away', 'busy', 'offline'];
const themes = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;

/** The menu of the account bar. */
export function useAccountEntries(
  status: Status | undefined,
  choose: (status: Status) => void,
): readonly MenuEntry[] {
  const { isEmbedded } = useSurroundings();
  const { show } = useShortcuts();
  const own = useWindowEntries();
  const signOut = useSignOut();
  return [
    {
      heading: 'Status',
      options: statuses.map((each) => ({
        label: statusNames[each],
        mark: <span className={`status-dot status-dot-${each}`} />,
        isChecked: each === status,
        onSelect: () => choose(each),
        ...(each === 'offline' && { hint: 'Others see you offline' }),
      })),
    },
    'separator',
    ...(isEmbedded ? [] : own),
    { label: 'Keyboard shortcuts', icon: 'keyboard', hint: '?', onSelect: show },
    ...(signOut === null
      ? []
      : (['separator', { label: 'Sign out', icon: 'leave', onSelect: signOut }] as const)),
  ];
}

/** What is the page's affair where the app is an element of another one. */
function useWindowEntries(): readonly MenuEntry[] {
  const chosen = useChoice(theme);
  const notifications = useNotificationChoice();
  return [
    notifications.isOn === null
      ? { label: 'Notifications', icon: 'bell', hint: 'Not available', onSelect: notifications.toggle }
      : {
          label: 'Desktop notifications',
          icon: 'bell',
          isChecked: notifications.isOn,
          onSelect: notifications.toggle,
        },
    'separator',
    {
      heading: 'Appearance',
      options: (['system', 'light', 'dark'] as const).map((each) => ({
        label: themes[each],
        isChecked: each === chosen,
        onSelect: () => theme.set(each),
      })),
    },
    'separator',
  ];
}

/** Nothing of the person stays on this machine. Null where the page around decides who is signed in. */
function useSignOut(): (() => void) | null {
  const parley = useParley();
  const { server, signOut } = useAccount();
  const leave = useCallback(() => {
    const { userId } = parley.getSnapshot();
    const forget = async (): Promise<void> => {
      try {
        await parley.close({ forget: true });
      } finally {
        signOut?.();
        // After what is written on the way out.
        if (userId !== null) setTimeout(() => forgetWriting(server, userId));
      }
    };
    forget().catch(() => undefined);
  }, [parley, server, signOut]);
  return signOut === null ? null : leave;
}
