import { useCallback, type ReactNode } from 'react';
import type { AnyMessage, ConversationState } from '@parley/client';
import { useConversationState } from '@parley/react';

interface QuoteProps {
  readonly message: AnyMessage;
  readonly onJump: (messageId: string) => void;
}

/** What a message answers; leads there. */
export function Quote({ message, onJump }: QuoteProps): ReactNode {
  const { reply_to_id: parentId, conversation_id: id } = message;
  const find = useCallback(
    ({ messages }: ConversationState) => messages.find((each) => each.id === parentId),
    [parentId],
  );
  const parent = useConversationState(id, find);
  if (parentId === null) return null;
  const held = parent?.seq === null ? undefined : parent;
  // Its author is known once it is read itself; it is as high before, so that nothing moves then.
  return (
    <button type="button" className="quote" onClick={() => onJump(parentId)}>
      <span className="quote-author one-line">{held?.sender_name ?? 'Earlier message'}</span>
      <span className="quote-text" dir="auto">
        {held === undefined ? textOf(message) : held.is_deleted ? deleted : wordsOf(held)}
      </span>
    </button>
  );
}

const deleted = 'Message deleted';

/** What a reply itself says of what it answers; one that waits to be sent says nothing yet. */
function textOf(message: AnyMessage): string {
  if (message.seq === null) return '…';
  return message.reply_to_content === '' ? 'File' : (message.reply_to_content ?? deleted);
}

const wordsOf = ({ content, message_type: type }: AnyMessage): string =>
  content === '' ? (type === 'image' ? 'Picture' : 'File') : (content ?? deleted);
