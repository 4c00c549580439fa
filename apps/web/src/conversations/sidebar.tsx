import { useMemo, useRef, useState, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import type { ParleyState } from '@parley/client';
import { useConversations, useParleyState, useUserId } from '@parley/react';
import { useNavigation } from '../shell/navigation.tsx';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icons.tsx';
import { ConversationList } from './conversation-list.tsx';
import { NewConversationButton } from './new-conversation-button.tsx';
import { NoConversations, NothingArchived, NothingFound, NothingKnown } from './list-states.tsx';
import { SearchField } from './search-field.tsx';
import { findConversations } from './search.ts';
import { UnreadBadge } from './unread-badge.tsx';
import { useNeighbourKeys } from './use-neighbour-keys.ts';

interface SidebarProps {
  /** Stands at the bottom, such as who is signed in. */
  readonly foot?: ReactNode;
}

/** The list of conversations, its search, and the ways to begin another one. */
export function Sidebar({ foot }: SidebarProps): ReactNode {
  const [showsArchived, setShowsArchived] = useState(false);
  const nav = useRef<HTMLElement>(null);
  // A page has one heading above all: that of the conversation, where one is open.
  const Heading = useNavigation().conversationId === null ? 'h1' : 'h2';
  const show = (archived: boolean): void => {
    flushSync(() => setShowsArchived(archived));
    // What was pressed is gone.
    nav.current?.querySelector('button')?.focus();
  };
  return (
    <nav className="sidebar" aria-label="Conversations" ref={nav}>
      <header className="sidebar-head">
        {showsArchived ? (
          <>
            <IconButton icon="back" label="All conversations" onClick={() => show(false)} />
            <Heading className="sidebar-title">Archived</Heading>
          </>
        ) : (
          <>
            <Heading className="sidebar-brand">Parley</Heading>
            <NewConversationButton look="icon" />
          </>
        )}
      </header>
      <SearchableList key={String(showsArchived)} archived={showsArchived} onArchived={() => show(true)} />
      {foot}
    </nav>
  );
}

interface SearchableListProps {
  readonly archived: boolean;
  /** Shows those that are archived. */
  readonly onArchived: () => void;
}

function SearchableList({ archived, onArchived }: SearchableListProps): ReactNode {
  const pages = useConversations({ archived });
  const { conversations, hasMore } = pages;
  const [query, setQuery] = useState('');
  const userId = useUserId();
  const { open } = useNavigation();
  const isSearching = query.trim() !== '';
  const found = useMemo(
    () => findConversations(conversations, query, userId),
    [conversations, query, userId],
  );
  useNeighbourKeys(found);
  return (
    <>
      <SearchField
        label={archived ? 'Search archived' : 'Search'}
        value={query}
        onChange={setQuery}
        onSubmit={() => found[0] !== undefined && open(found[0].id)}
      />
      <p className="list-status" role="status">
        {isSearching && (hasMore ? 'Searching older conversations…' : foundText(found.length))}
      </p>
      {found.length === 0 && !(hasMore && isSearching) && (
        <Empty archived={archived} hasMore={hasMore} query={query.trim()} />
      )}
      <ConversationList conversations={found} pages={pages} wantsAll={isSearching || archived}>
        {!archived && !isSearching && (conversations.length > 0 || !hasMore) && (
          <button type="button" className="sidebar-archived" onClick={onArchived}>
            <Icon name="archive" />
            <span>Archived</span>
            <ArchivedUnread />
            <Icon name="forward" />
          </button>
        )}
      </ConversationList>
    </>
  );
}

const unreadOf = ({ archived }: ParleyState): number =>
  archived.reduce((sum, each) => sum + each.unread_count, 0);

/** What came in conversations that are archived, as far as they are known. */
function ArchivedUnread(): ReactNode {
  const unread = useParleyState(unreadOf);
  return unread > 0 && <UnreadBadge count={unread} />;
}

const foundText = (count: number): string =>
  count === 0 ? '' : count === 1 ? '1 conversation' : `${count} conversations`;

interface EmptyProps {
  readonly archived: boolean;
  readonly hasMore: boolean;
  readonly query: string;
}

/** Why there is nothing in the list. */
function Empty({ archived, hasMore, query }: EmptyProps): ReactNode {
  if (query !== '') return <NothingFound query={query} />;
  if (hasMore) return <NothingKnown />;
  return archived ? <NothingArchived /> : <NoConversations />;
}
