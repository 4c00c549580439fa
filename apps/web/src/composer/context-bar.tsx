import { useCallback, type ReactNode } from 'react';
import type { AnyMessage, ConversationState } from '@parley/client';
import { useConversationState, useUserId } from '@parley/react';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icons.tsx';
import { isDeleted, type Writer } from './use-writer.ts';

interface ContextBarProps {
  readonly id: string;
  readonly writer: Writer;
  readonly onCancel: () => void;
}

/** Which message is answered or edited, above the field. */
export default function ContextBar({ id, writer, onCancel }: ContextBarProps): ReactNode {
  const { draft, target, cancel } = writer;
  const isEditing = draft.editing !== null;
  const name = useSenderName(id, target);
  return (
    <div className="composer-context">
      <Icon name={isEditing ? 'edit' : 'reply'} />
      <div className="composer-quote">
        <p className="composer-quote-title one-line">{isEditing ? 'Edit message' : `Reply to ${name}`}</p>
        <p className="one-line" role={isDeleted(target) ? 'status' : undefined}>
          <bdi>{quoteOf(target, isEditing)}</bdi>
        </p>
      </div>
      <IconButton
        icon="close"
        label={isEditing ? 'Cancel editing' : 'Cancel reply'}
        onClick={() => {
          cancel();
          onCancel();
        }}
      />
    </div>
  );
}

function quoteOf(target: AnyMessage | null, isEditing: boolean): string {
  if (target === null) return '…';
  if (!isDeleted(target)) return target.content;
  return isEditing
    ? 'This message was deleted in the meantime and can’t be changed.'
    : 'This message was deleted.';
}

function useSenderName(id: string, target: AnyMessage | null): string {
  const userId = useUserId();
  const senderId = target?.sender_id ?? null;
  const name = useConversationState(
    id,
    useCallback(
      ({ participants }: ConversationState) =>
        participants.find((each) => each.user_id === senderId)?.display_name,
      [senderId],
    ),
  );
  if (senderId !== null && senderId === userId) return 'yourself';
  return name ?? (target === null || target.seq === null ? 'a message' : target.sender_name);
}
