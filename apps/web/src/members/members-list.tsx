import { useMemo, useRef, useState, type ReactNode } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import type { Conversation } from '@parley/client';
import { useParticipants, usePresence, useUserId } from '@parley/react';
import { SearchField } from '../conversations/search-field.tsx';
import { usePages } from '../conversations/use-pages.ts';
import { useVisible } from '../conversations/use-visible.ts';
import { MemberRow } from './member-row.tsx';
import { findMembers, sortMembers } from './order.ts';
import { isLastAdmin } from './permissions.ts';
import { useRescuedFocus } from './use-rescued-focus.ts';

const rowHeight = 60;
/** Rows before the end at which more are read. */
const early = 20;
/** From so many people on there is a search. */
const searchedFrom = 8;

/** Everybody in a group: oneself, then admins, moderators and the others. */
export function MembersList({ conversation }: { readonly conversation: Conversation }): ReactNode {
  const userId = useUserId();
  const pages = useParticipants(conversation.id);
  const { participants, hasMore } = pages;
  const [query, setQuery] = useState('');
  const isSearching = query.trim() !== '';
  const people = useMemo(
    () => findMembers(sortMembers(participants, userId, hasMore), query),
    [participants, userId, hasMore, query],
  );
  const list = useRef<VirtualizerHandle>(null);
  const { from, to, end, handlers } = useVisible(list);
  usePages(pages, isSearching || end >= people.length - early);
  const visible = useMemo(() => people.slice(from, to).map((each) => each.user_id), [people, from, to]);
  const statuses = usePresence(visible);
  const { container, onFocus } = useRescuedFocus(people.length);
  return (
    <>
      {conversation.participant_count >= searchedFrom && (
        <SearchField label="Search members" value={query} onChange={setQuery} />
      )}
      <p className="list-status" role="status">
        {isSearching && hasMore && 'Searching…'}
        {isSearching && !hasMore && people.length === 0 && 'Nobody found'}
      </p>
      <div className="members-list" ref={container} tabIndex={-1} onFocus={onFocus}>
        <Virtualizer ref={list} as="ul" item="li" data={people} itemSize={rowHeight} {...handlers}>
          {(member) => (
            <MemberRow
              key={member.user_id}
              member={member}
              conversation={conversation}
              isSelf={member.user_id === userId}
              isLastAdmin={isLastAdmin(member, participants, !hasMore)}
              status={statuses.get(member.user_id)}
            />
          )}
        </Virtualizer>
      </div>
    </>
  );
}
