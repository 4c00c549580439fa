import { memo, useRef, type MouseEvent, type ReactNode } from 'react';
import type { AnyMessage } from '@parley/client';
import { hueOf } from '../../ui/avatar.tsx';
import { IconButton } from '../../ui/button.tsx';
import { formatFull, formatTime } from '../../ui/format.ts';
import { Menu } from '../../ui/menu.tsx';
import { useRemove, type MessageActions } from './actions.ts';
import { AttachmentView } from './attachment-view.tsx';
import { attachmentOf } from './attachment.ts';
import { FailedNote, StatusMark } from './marks.tsx';
import { Quote } from './quote.tsx';
import { MessageText } from './text.tsx';
import { late } from '../../ui/late.tsx';

const ConfirmDialog = late(() => import('../../ui/confirm-dialog.tsx'));
const DetailsDialog = late(() => import('./details-dialog.tsx'));
const RepliesDialog = late(() => import('./replies-dialog.tsx'));

export interface BubbleProps {
  readonly message: AnyMessage;
  readonly isOwn: boolean;
  /** Of a run by one person: the first shows who, the last shows when. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Whether names are shown: in groups. */
  readonly showsAuthor: boolean;
  /** For who describes the message: the id of the bubble. */
  readonly contentId: string;
  readonly actions: MessageActions;
  /** Leads to another message. */
  readonly onJump: (messageId: string) => void;
}

/** One message: what it answers, what it says, how far it came, and what can be done with it. */
export const Bubble = memo((props: BubbleProps): ReactNode => {
  const { message, isOwn, isFirst, isLast, contentId, actions, onJump } = props;
  const tools = useRef<HTMLSpanElement>(null);
  const place = `${isFirst ? ' bubble-first' : ''}${isLast ? ' bubble-last' : ''}`;
  return (
    <div className={`bubble-line ${isOwn ? 'bubble-line-own' : ''}`}>
      <div
        id={contentId}
        className={`bubble ${isOwn ? 'bubble-own' : ''}${place}`}
        onClick={(event) => openByTouch(event, tools.current)}
      >
        <Inside {...props} />
        {message.status === 'failed' && <FailedNote message={message} />}
        {message.seq !== null && message.reply_count > 0 && (
          <button type="button" className="bubble-replies" onClick={() => actions.showDialog('replies')}>
            {message.reply_count === 1 ? '1 reply' : `${message.reply_count} replies`}
          </button>
        )}
      </div>
      {actions.entries.length > 0 && (
        <span ref={tools} className="bubble-tools">
          {actions.reply !== null && (
            <IconButton icon="reply" label="Reply" tabIndex={-1} onClick={actions.reply} />
          )}
          <Menu
            label="More actions"
            entries={actions.entries}
            isTabStop={false}
            align={isOwn ? 'end' : 'start'}
          />
        </span>
      )}
      <Dialogs message={message} actions={actions} onJump={onJump} />
    </div>
  );
});

/** A finger has no pointer to rest on a message: a tap on its text opens the menu, which else shows beside it. */
function openByTouch(event: MouseEvent, tools: HTMLElement | null): void {
  const { nativeEvent, target } = event;
  if (!(nativeEvent instanceof PointerEvent) || nativeEvent.pointerType !== 'touch') return;
  if (target instanceof Element && target.closest('a, button, pre') !== null) return;
  openMenu(tools);
}

/** The menu beside a message, for keys and fingers. */
export const openMenu = (tools: HTMLElement | null): void =>
  tools?.querySelector<HTMLElement>('[aria-haspopup="menu"]')?.click();

function Inside({ message, isOwn, isFirst, showsAuthor, onJump }: BubbleProps): ReactNode {
  const attachment = attachmentOf(message);
  const isDeleted = message.seq !== null && message.is_deleted;
  return (
    <>
      {showsAuthor && isFirst && !isOwn && message.seq !== null && (
        <p className="bubble-author" data-hue={hueOf(message.sender_id)}>
          {message.sender_name}
        </p>
      )}
      {!isDeleted && message.reply_to_id !== null && <Quote message={message} onJump={onJump} />}
      {attachment !== null && <AttachmentView message={message} attachment={attachment} />}
      {isDeleted ? (
        <p className="bubble-deleted">Message deleted</p>
      ) : (
        message.content !== '' &&
        message.content !== attachment?.file_name && <MessageText content={message.content} />
      )}
      <Foot message={message} isOwn={isOwn} />
    </>
  );
}

function Foot({ message, isOwn }: Pick<BubbleProps, 'message' | 'isOwn'>): ReactNode {
  const isDeleted = message.seq !== null && message.is_deleted;
  return (
    <span className="bubble-foot">
      {message.seq !== null && message.is_edited && !isDeleted && <span>edited</span>}
      <time dateTime={message.created_at} title={formatFull(message.created_at)}>
        {formatTime(message.created_at)}
      </time>
      {isOwn && !isDeleted && <StatusMark message={message} />}
    </span>
  );
}

interface DialogsProps {
  readonly message: AnyMessage;
  readonly actions: MessageActions;
  readonly onJump: (messageId: string) => void;
}

function Dialogs({ message, actions: { dialog, showDialog }, onJump }: DialogsProps): ReactNode {
  const remove = useRemove(message);
  const close = () => showDialog(null);
  if (dialog === null) return null;
  return (
    <>
      {dialog === 'delete' && (
        <ConfirmDialog
          title="Delete this message?"
          text="It is gone for everybody, and can’t be brought back."
          action="Delete"
          onConfirm={remove}
          onClose={close}
        />
      )}
      {dialog === 'details' && <DetailsDialog message={message} onClose={close} />}
      {dialog === 'replies' && <RepliesDialog message={message} onJump={onJump} onClose={close} />}
    </>
  );
}
