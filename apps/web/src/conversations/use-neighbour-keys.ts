import type { Conversation } from '@parley/client';
import { useNavigation } from '../shell/navigation.tsx';
import { useShortcut } from '../shell/shortcuts.tsx';

/** Alt with an arrow up or down opens the conversation before or after, wherever the focus is. */
export function useNeighbourKeys(conversations: readonly Conversation[]): void {
  const { conversationId, open } = useNavigation();
  const go = (step: -1 | 1): boolean => {
    const at = conversations.findIndex((each) => each.id === conversationId);
    const next = conversations[at < 0 ? 0 : at + step];
    if (next !== undefined) open(next.id);
    return next !== undefined;
  };
  useShortcut({ keys: 'Alt+ArrowUp', label: 'Previous conversation', group: 'Conversations' }, () => go(-1));
  useShortcut({ keys: 'Alt+ArrowDown', label: 'Next conversation', group: 'Conversations' }, () => go(1));
}
