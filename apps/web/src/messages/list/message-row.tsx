import { memo, useId, type KeyboardEvent, type ReactNode } from 'react';
import type { ConversationState } from '@parley/client';
import { useConversationState } from '@parley/react';
import { useToday } from '../../conversations/use-clock.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { formatDay, formatTime } from '../../ui/format.ts';
import { useMessageActions, type MessageActions } from '../bubble/actions.ts';
import { Bubble, openMenu } from '../bubble/bubble.tsx';
import { SystemMessage } from '../bubble/system-message.tsx';
import type { MessageRow } from './rows.ts';
import { useTimeline } from './timeline-context.ts';

interface RowProps {
  readonly row: MessageRow;
  /** Whether somebody was just led to it. */
  readonly isMarked: boolean;
}

/** A message with what stands above it: the day, and where the unread ones begin. */
export const MessageRowView = memo(({ row, isMarked }: RowProps): ReactNode => {
  const { message, isFirst, beginsDay, beginsUnread } = row;
  const className = `message${isFirst ? ' message-first' : ''}${isMarked ? ' message-marked' : ''}`;
  return (
    <div className={className}>
      {beginsDay && <DayLabel iso={message.created_at} />}
      {beginsUnread && (
        <div className="unread-line">
          <span>New messages</span>
        </div>
      )}
      {message.message_type === 'system' ? <SystemMessage message={message} /> : <PersonMessage row={row} />}
    </div>
  );
});

function DayLabel({ iso }: { readonly iso: string }): ReactNode {
  useToday();
  return (
    <div className="day">
      <span>{formatDay(iso)}</span>
    </div>
  );
}

function PersonMessage({ row }: { readonly row: MessageRow }): ReactNode {
  const { message, isOwn, isFirst, isLast } = row;
  const { showsAuthors, mayWrite, jump } = useTimeline();
  const actions = useMessageActions(message, isOwn, mayWrite);
  const contentId = useId();
  const author = isOwn || message.seq === null ? 'You' : message.sender_name;
  return (
    <article
      aria-label={`${author}, ${formatTime(message.created_at)}`}
      aria-describedby={contentId}
      tabIndex={-1}
      className={`message-body${isOwn ? ' message-own' : ''}`}
      data-key={row.key}
      onKeyDown={(event) => act(event, actions)}
    >
      {showsAuthors && !isOwn && (
        <span className="message-avatar">{isLast && <Sender id={message.sender_id} name={author} />}</span>
      )}
      <Bubble
        message={message}
        isOwn={isOwn}
        isFirst={isFirst}
        isLast={isLast}
        showsAuthor={showsAuthors}
        contentId={contentId}
        actions={actions}
        onJump={jump}
      />
    </article>
  );
}

/** Keys on the message itself, when keys led there: whoever clicked on it wants nothing done by the next letter. */
function act(event: KeyboardEvent<HTMLElement>, { reply, edit, copy, remove }: MessageActions): void {
  const { key, target, currentTarget } = event;
  if (target !== currentTarget || !currentTarget.matches(':focus-visible')) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const work = {
    r: reply,
    e: edit,
    c: copy,
    delete: remove,
    backspace: remove,
    enter: () => openMenu(currentTarget),
  }[key.toLowerCase()];
  if (work === undefined || work === null) return;
  event.preventDefault();
  work();
}

function Sender({ id, name }: { readonly id: string; readonly name: string }): ReactNode {
  const { conversationId } = useTimeline();
  const find = ({ participants }: ConversationState) =>
    participants.find((each) => each.user_id === id)?.avatar_url ?? null;
  return <Avatar id={id} name={name} url={useConversationState(conversationId, find)} size={32} />;
}
