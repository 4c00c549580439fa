import { useCallback, useMemo, useState } from 'react';
import type { AnyMessage } from '@parley/client';
import { useSend } from '@parley/react';
import { useChangeDraft } from '../../composer/draft.ts';
import { copyText } from './copy-text.ts';
import type { MenuEntry } from '../../ui/menu.tsx';
import { useToasts } from '../../ui/toast.tsx';

/** Which of a message's dialogs is open. */
export type MessageDialog = 'delete' | 'details' | 'replies' | null;

export interface MessageActions {
  /** For its menu: only what may be done. */
  readonly entries: readonly MenuEntry[];
  /** Null: not this one, or not now. */
  readonly reply: (() => void) | null;
  readonly edit: (() => void) | null;
  readonly copy: (() => void) | null;
  /** Asks first. */
  readonly remove: (() => void) | null;
  readonly dialog: MessageDialog;
  readonly showDialog: (dialog: MessageDialog) => void;
}

/** What somebody may do with a message. Before the server has it, that is nothing: see `retry` and `discard`. */
export function useMessageActions(message: AnyMessage, isOwn: boolean, mayWrite: boolean): MessageActions {
  const change = useChangeDraft(message.conversation_id);
  const { say, fail } = useToasts();
  const [dialog, showDialog] = useState<MessageDialog>(null);
  const isSent = message.seq !== null;
  const isThere = isSent && !message.is_deleted;
  const reply = useCallback(() => change({ replyTo: message, editing: null }), [change, message]);
  const edit = useCallback(
    () => change({ editing: message, editText: message.content, replyTo: null }),
    [change, message],
  );
  const copy = useCallback(() => {
    copyText(message.content).then(() => say('Copied'), fail);
  }, [message.content, say, fail]);
  const remove = useCallback(() => showDialog('delete'), []);
  return useMemo(() => {
    const hasText = isThere && message.content !== '';
    const isAnswerable = isThere && mayWrite;
    const isEditable = isAnswerable && isOwn && message.message_type === 'text';
    const isRemovable = isThere && isOwn;
    const entries: MenuEntry[] = [];
    if (isAnswerable) entries.push({ label: 'Reply', icon: 'reply', onSelect: reply, hint: 'R' });
    if (hasText) entries.push({ label: 'Copy text', icon: 'copy', onSelect: copy, hint: 'C' });
    if (isEditable) entries.push({ label: 'Edit', icon: 'edit', onSelect: edit, hint: 'E' });
    if (isSent && isOwn)
      entries.push({ label: 'Details', icon: 'checks', onSelect: () => showDialog('details') });
    if (isRemovable)
      entries.push('separator', { label: 'Delete', icon: 'trash', tone: 'danger', onSelect: remove });
    return {
      entries,
      reply: isAnswerable ? reply : null,
      edit: isEditable ? edit : null,
      copy: hasText ? copy : null,
      remove: isRemovable ? remove : null,
      dialog,
      showDialog,
    };
  }, [message, isOwn, mayWrite, isSent, isThere, reply, edit, copy, remove, dialog]);
}

/** Deletes it for everybody. */
export function useRemove(message: AnyMessage): () => Promise<void> {
  const { deleteMessage } = useSend(message.conversation_id);
  return useCallback(() => deleteMessage(message.id), [deleteMessage, message.id]);
}
