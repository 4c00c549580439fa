import { useEffect } from 'react';
import { useConversationState, useUnread, useUserId } from '@parley/react';
import { titleOf } from '../ui/format.ts';
import { useNavigation } from './navigation.tsx';
import { windowTitle } from './window-title.ts';
import { useNotifications } from './use-notifications.ts';

/** What the window shows around the app: the tab's title, its icon, and what appears on the desktop. */
export function WindowSigns(): null {
  const { messages: unread } = useUnread();
  const title = useOpenTitle();
  useNotifications();
  useEffect(() => {
    document.title = windowTitle(title, unread);
    return () => {
      document.title = windowTitle(null, 0);
    };
  }, [title, unread]);
  useEffect(() => {
    showIcon(unread > 0);
    return () => showIcon(false);
  }, [unread]);
  return null;
}

function useOpenTitle(): string | null {
  const { conversationId } = useNavigation();
  const userId = useUserId();
  // Of none it picks nothing.
  const conversation = useConversationState(conversationId ?? '', (state) =>
    conversationId === null || state.access !== 'member' ? null : state.conversation,
  );
  return conversation === null ? null : titleOf(conversation, userId);
}

function showIcon(isUnread: boolean): void {
  const href = isUnread ? '/favicon-unread.svg' : '/favicon.svg';
  document.querySelector('link[rel="icon"]')?.setAttribute('href', href);
}
