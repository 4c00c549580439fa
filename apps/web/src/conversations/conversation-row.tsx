import { memo, type MouseEvent, type ReactNode } from 'react';
import type { Conversation, UserStatus } from '@parley/client';
import { useConversationState } from '@parley/react';
import { useDraftText } from '../composer/draft.ts';
import { useNavigation } from '../shell/navigation.tsx';
import { Avatar } from '../ui/avatar.tsx';
import { formatFull, formatWhen, otherOf, titleOf } from '../ui/format.ts';
import { ConversationMenu } from './conversation-menu.tsx';
import { previewOf } from './preview.ts';
import { typingNames } from './typing-names.ts';
import { UnreadBadge } from './unread-badge.tsx';

interface ConversationRowProps {
  readonly conversation: Conversation;
  readonly userId: string | null;
  readonly isCurrent: boolean;
  /** Whether Tab reaches it: one of the list. */
  readonly isTabStop: boolean;
  readonly status: UserStatus['status'] | undefined;
  /** Another one when `Yesterday` may have become true. */
  readonly today: string;
}

/** One conversation of the list, and a menu for it. */
export const ConversationRow = memo(function ConversationRow(props: ConversationRowProps): ReactNode {
  const { conversation, userId, isCurrent, isTabStop, status } = props;
  const { hrefOf, open } = useNavigation();
  const { id, unread_count: unread, last_message_at: at } = conversation;
  const title = titleOf(conversation, userId);
  const other = otherOf(conversation, userId);
  const follow = (event: MouseEvent): void => {
    // Other clicks are the browser's: a new tab, a new window.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(id);
  };
  return (
    <div className={`row ${isCurrent ? 'row-current' : ''} ${unread > 0 ? 'row-unread' : ''}`}>
      <a
        className="row-link"
        href={hrefOf(id)}
        onClick={follow}
        data-row={id}
        tabIndex={isTabStop ? 0 : -1}
        draggable={false}
        {...(isCurrent && { 'aria-current': 'page' })}
      >
        <Avatar
          id={other?.user_id ?? id}
          name={title}
          url={other?.avatar_url}
          status={status}
          isGroup={conversation.type === 'group'}
        />
        <span className="row-main">
          <span className="row-line">
            <span className="row-title one-line" dir="auto">
              {title}
            </span>
            <time className="row-time" dateTime={at} title={formatFull(at)}>
              {formatWhen(at)}
            </time>
          </span>
          <span className="row-line">
            <RowPreview conversation={conversation} userId={userId} isCurrent={isCurrent} />
            {unread > 0 && <UnreadBadge count={unread} />}
          </span>
        </span>
      </a>
      <ConversationMenu
        conversation={conversation}
        label={`Actions for ${title}`}
        className="row-menu"
        isTabStop={isTabStop}
      />
    </div>
  );
});

type RowPreviewProps = Pick<ConversationRowProps, 'conversation' | 'userId' | 'isCurrent'>;

/** Who is typing, or what one began to write, or what was last said. */
function RowPreview({ conversation, userId, isCurrent }: RowPreviewProps): ReactNode {
  const { id, type } = conversation;
  const typing = useConversationState(id, typingNames);
  const draft = useDraftText(id);
  if (typing !== '')
    return (
      <span className="row-preview row-typing one-line" dir="auto">
        {type === 'group' ? `${typing}: typing…` : 'typing…'}
      </span>
    );
  // What one is writing at the moment stands beside it.
  if (draft !== '' && !isCurrent)
    return (
      <span className="row-preview one-line" dir="auto">
        <span className="row-draft">Draft: </span>
        <bdi>{draft}</bdi>
      </span>
    );
  const { sender, text, kind } = previewOf(conversation, userId);
  return (
    <span className={`row-preview row-preview-${kind} one-line`} dir="auto">
      {sender !== null && <span className="row-sender">{sender}: </span>}
      {sender === null ? text : <bdi>{text}</bdi>}
    </span>
  );
}
