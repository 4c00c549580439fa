import type { ReactNode } from 'react';
import { useConversationState, useUserId } from '@parley/react';
import { Avatar } from '../../ui/avatar.tsx';
import { formatDay, otherOf, titleOf } from '../../ui/format.ts';
import { useTimeline } from './timeline-context.ts';

/** What stands above the very first message: where one is, and since when there is such a place. */
export function Beginning(): ReactNode {
  const { conversationId } = useTimeline();
  const conversation = useConversationState(conversationId, (state) => state.conversation);
  const userId = useUserId();
  if (conversation === null) return <div className="beginning" />;
  const other = otherOf(conversation, userId);
  const title = titleOf(conversation, userId);
  return (
    <div className="beginning">
      <Avatar
        id={other?.user_id ?? conversation.id}
        name={title}
        url={other?.avatar_url}
        isGroup={conversation.type === 'group'}
        size={64}
      />
      <p className="beginning-title" dir="auto">
        {title}
      </p>
      <p>
        {conversation.type === 'direct'
          ? `This is where you and ${title} began`
          : `This is where it began, ${formatDay(conversation.created_at).toLocaleLowerCase()}`}
      </p>
    </div>
  );
}
