import type { ReactNode } from 'react';
import { NewConversationButton } from '../conversations/new-conversation-button.tsx';
import { useShortcuts } from './shortcuts.tsx';

/** In place of a conversation. */
export function Welcome(): ReactNode {
  const { show } = useShortcuts();
  return (
    <div className="welcome">
      <svg className="welcome-picture" viewBox="0 0 160 120" aria-hidden="true">
        <path
          className="welcome-back"
          d="M44 14h84a16 16 0 0 1 16 16v38a16 16 0 0 1-16 16h-4v16l-18-16H44a16 16 0 0 1-16-16V30a16 16 0 0 1 16-16z"
        />
        <path
          className="welcome-front"
          d="M28 40h66a14 14 0 0 1 14 14v30a14 14 0 0 1-14 14H48l-16 14V98h-4a14 14 0 0 1-14-14V54a14 14 0 0 1 14-14z"
        />
        <path className="welcome-lines" d="M34 61h52M34 76h34" />
      </svg>
      <h2 className="welcome-title">Pick a conversation</h2>
      <p className="welcome-text">Or begin another one, with one person or a whole group.</p>
      <NewConversationButton look="primary" />
      <button type="button" className="welcome-keys" onClick={show}>
        Keyboard shortcuts <kbd className="key">?</kbd>
      </button>
    </div>
  );
}
