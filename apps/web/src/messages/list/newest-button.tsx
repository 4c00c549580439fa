import type { ReactNode } from 'react';
import { useConversationState } from '@parley/react';
import { Icon } from '../../ui/icons.tsx';

interface NewestButtonProps {
  readonly id: string;
  readonly onPress: () => void;
}

/** Back to the newest messages, and how many of them were not read. */
export function NewestButton({ id, onPress }: NewestButtonProps): ReactNode {
  const unread = useConversationState(id, (state) => state.conversation?.unread_count ?? 0);
  const label = unread === 0 ? 'Jump to latest' : `Jump to latest, ${unread} new`;
  return (
    <button
      type="button"
      className="newest-button"
      aria-label={label}
      title="Jump to latest"
      onClick={onPress}
    >
      {unread > 0 && <span className="newest-count">{unread > 999 ? '999+' : unread}</span>}
      <Icon name="arrowDown" />
    </button>
  );
}
