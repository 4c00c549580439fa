import { useMemo, useRef, type ReactNode } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import type { Conversation } from '@parley/client';
import { usePresence, useUserId } from '@parley/react';
import { useNavigation } from '../shell/navigation.tsx';
import { otherOf } from '../ui/format.ts';
import { ConversationRow } from './conversation-row.tsx';
import { useToday } from './use-clock.ts';
import { useListFocus } from './use-list-focus.ts';
import { usePages, type Pages } from './use-pages.ts';
import { useVisible } from './use-visible.ts';

interface ConversationListProps {
  readonly conversations: readonly Conversation[];
  /** Where more come from as the end comes near. */
  readonly pages: Pages;
  /** Reads all of them, wherever one is. */
  readonly wantsAll: boolean;
  /** Stands below the last one. */
  readonly children?: ReactNode;
}

const rowHeight = 72;
/** Rows before the end at which more are asked for. */
const early = 12;

/** The rows, of which only those that can be seen are there. */
export function ConversationList(props: ConversationListProps): ReactNode {
  const { conversations, pages, wantsAll, children } = props;
  const userId = useUserId();
  const { conversationId } = useNavigation();
  const list = useRef<VirtualizerHandle>(null);
  const { from, to, end, handlers } = useVisible(list);
  const focus = useListFocus(conversations, list);
  const statuses = usePresence(
    useMemo(
      () => conversations.slice(from, to).flatMap((each) => otherOf(each, userId)?.user_id ?? []),
      [conversations, from, to, userId],
    ),
  );
  const today = useToday();
  usePages(pages, wantsAll || end >= conversations.length - early);
  return (
    <div className="conversation-list" ref={focus.container} {...focus.handlers}>
      <Virtualizer
        ref={list}
        as="ul"
        item="li"
        data={conversations}
        itemSize={rowHeight}
        keepMounted={focus.mounted}
        {...handlers}
      >
        {(conversation) => (
          <ConversationRow
            key={conversation.id}
            conversation={conversation}
            userId={userId}
            isCurrent={conversation.id === conversationId}
            isTabStop={conversation.id === focus.tabStop}
            status={statuses.get(otherOf(conversation, userId)?.user_id ?? '')?.status}
            today={today}
          />
        )}
      </Virtualizer>
      {children}
    </div>
  );
}
