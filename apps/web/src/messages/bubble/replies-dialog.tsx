import { useCallback, type ReactNode } from 'react';
import type { AnyMessage } from '@parley/client';
import { useParley } from '@parley/react';
import { Avatar } from '../../ui/avatar.tsx';
import { Dialog, DialogError } from '../../ui/dialog.tsx';
import { formatMoment } from '../../ui/format.ts';
import { MessageText } from './text.tsx';
import { useAnswer } from './use-answer.ts';

interface RepliesDialogProps {
  readonly message: AnyMessage;
  readonly onJump: (messageId: string) => void;
  readonly onClose: () => void;
}

/** The newest replies to a message; each leads to its place. */
export default function RepliesDialog({ message, onJump, onClose }: RepliesDialogProps): ReactNode {
  const parley = useParley();
  const ask = useCallback(() => parley.api.listReplies(message.id, { limit: 100 }), [parley, message.id]);
  const { value: page, problem } = useAnswer(ask);
  return (
    <Dialog title="Replies" description={message.content.slice(0, 200)} onClose={onClose}>
      <DialogError error={problem} />
      <ul className="replies">
        {page?.messages.toReversed().map((reply) => (
          <li key={reply.id} className="replies-item">
            <Avatar id={reply.sender_id} name={reply.sender_name} size={32} />
            <div className="replies-body">
              <button
                type="button"
                className="replies-link"
                onClick={() => {
                  onClose();
                  onJump(reply.id);
                }}
              >
                {reply.sender_name}, {formatMoment(reply.created_at)}
              </button>
              {reply.is_deleted ? (
                <p className="bubble-deleted">Message deleted</p>
              ) : (
                <MessageText content={reply.content} />
              )}
            </div>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
