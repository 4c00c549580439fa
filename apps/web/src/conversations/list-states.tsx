import type { ReactNode } from 'react';
import { useConnection } from '@parley/react';
import { NewConversationButton } from './new-conversation-button.tsx';

/** Shapes of rows; the styles let them wait a moment, so that they don't flash where loading is quick. */
export function ListSkeleton(): ReactNode {
  return (
    <div className="list-skeleton" aria-hidden="true">
      {Array.from({ length: 8 }, (_, index) => (
        <div className="row-skeleton" key={index}>
          <span className="skeleton-avatar" />
          <span className="skeleton-lines" />
        </div>
      ))}
    </div>
  );
}

/** Nobody has said anything to this person yet. */
export function NoConversations(): ReactNode {
  return (
    <div className="list-note">
      <p className="list-note-title">No conversations yet</p>
      <p>Talk to one person, or bring a group together.</p>
      <NewConversationButton look="primary" />
    </div>
  );
}

/** Nothing is known yet, and nothing can be read. */
export function NothingKnown(): ReactNode {
  const { status } = useConnection();
  if (status !== 'waiting' && status !== 'refused') return <ListSkeleton />;
  return (
    <div className="list-note">
      <p className="list-note-title">Nothing to show yet</p>
      <p>Your conversations appear once there is a connection.</p>
    </div>
  );
}

export function NothingFound({ query }: { readonly query: string }): ReactNode {
  return (
    <div className="list-note">
      <p className="list-note-title">Nothing found</p>
      <p>
        No conversation or person is called “<bdi>{query}</bdi>”.
      </p>
    </div>
  );
}

export function NothingArchived(): ReactNode {
  return (
    <div className="list-note">
      <p className="list-note-title">Nothing is archived</p>
      <p>Archived conversations are kept here, for everyone in them.</p>
    </div>
  );
}
