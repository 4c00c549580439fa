import { useCallback, useState } from 'react';
import type { AnyMessage } from '@parley/client';
import { uploadsOf, useConversationState, useParley, useSend, useUpload, useUserId } from '@parley/react';
import { sentenceOf } from '../ui/toast.tsx';
import { useDraft } from './draft.ts';
import type { Draft, DraftChange } from './drafts.ts';
import { guardLeaving } from './leave-guard.ts';
import { contentLength, lengthOf, prepared } from './text.ts';

export interface Writer {
  readonly draft: Draft;
  readonly change: (change: DraftChange) => void;
  /** What the field shows: the message, or the edit. */
  readonly text: string;
  /** The message that is answered or edited, as it is now; null if there is none, or it is not known here. */
  readonly target: AnyMessage | null;
  readonly canSubmit: boolean;
  readonly error: string | null;
  readonly setText: (text: string) => void;
  /** Sends the message and the files, or saves the edit. */
  readonly submit: () => void;
  /** Ends the edit, or else the reply; false if there is neither. */
  readonly cancel: () => boolean;
  /** Edits the last message of one's own that is shown; false if there is none. */
  readonly editLast: () => boolean;
}

/** Everything that happens between a draft and a message. */
export function useWriter(id: string): Writer {
  const [draft, change] = useDraft(id);
  const userId = useUserId();
  const target = useTarget(id, draft);
  const { editMessage } = useSend(id);
  const sendDraft = useSendDraft(id);
  const conversation = useParley().conversation(id);
  const [error, setError] = useState<string | null>(null);
  const { editing } = draft;
  const text = editing === null ? draft.text : draft.editText;
  const canSubmit = editing === null ? isSendable(draft) : isSavable(draft, target);

  const saveEdit = useCallback(
    async (message: AnyMessage, content: string) => {
      setError(null);
      try {
        if (content !== message.content) await editMessage(message.id, content);
        change({ editing: null });
      } catch (thrown) {
        setError(sentenceOf(thrown));
      }
    },
    [editMessage, change],
  );

  return {
    draft,
    change,
    text,
    target,
    canSubmit,
    error: editing === null ? null : error,
    setText: (next) => {
      setError(null);
      change(editing === null ? { text: next } : { editText: next });
    },
    submit: () => {
      if (!canSubmit) return;
      if (editing === null) change(sendDraft(draft));
      else void saveEdit(editing, prepared(draft.editText));
    },
    cancel: () => {
      setError(null);
      if (editing !== null) change({ editing: null });
      else if (draft.replyToId !== null) change({ replyTo: null });
      else return false;
      return true;
    },
    editLast: () => {
      const isOwn = (each: AnyMessage) => each.sender_id === userId && each.seq !== null && !each.is_deleted;
      const last = conversation.messages.findLast(isOwn);
      if (last !== undefined) change({ editing: last });
      return last !== undefined;
    },
  };
}

const isFitting = (text: string): boolean => lengthOf(prepared(text)) <= contentLength;

const isSendable = ({ text, files }: Draft): boolean =>
  isFitting(text) && (files.length > 0 || prepared(text) !== '');

const isSavable = ({ editText }: Draft, target: AnyMessage | null): boolean =>
  isFitting(editText) && prepared(editText) !== '' && !isDeleted(target);

export const isDeleted = (message: AnyMessage | null): boolean =>
  message !== null && message.seq !== null && message.is_deleted;

/** Of the message that a draft is about, what the conversation shows by now: it may have been edited or deleted since. */
function useTarget(id: string, { editing, replyTo, replyToId }: Draft): AnyMessage | null {
  const targetId = editing?.id ?? replyToId;
  const now = useConversationState(
    id,
    useCallback(
      ({ messages }: { readonly messages: readonly AnyMessage[] }) =>
        targetId === null ? undefined : messages.find((each) => each.id === targetId),
      [targetId],
    ),
  );
  return now ?? editing ?? replyTo;
}

/**
 * Gives a draft to the client, which has it from then on, also over a reload and without a connection; answers how the
 * draft is after that. Of a text with files the text goes with the first, as its caption, so that both are one message;
 * but a reply goes by itself, as files can't answer a message.
 */
function useSendDraft(id: string): (draft: Draft) => DraftChange {
  const { send } = useSend(id);
  const { upload } = useUpload(id);
  const queue = uploadsOf(useParley().conversation(id));
  return useCallback(
    ({ text, replyToId, files }: Draft) => {
      const content = prepared(text);
      const isOwnMessage = content !== '' && (files.length === 0 || replyToId !== null);
      if (isOwnMessage) void send({ content, reply_to_id: replyToId });
      if (files.length > 0) guardLeaving(queue.uploads);
      files.forEach(({ file }, index) => upload(file, index === 0 && !isOwnMessage ? content : ''));
      return { text: '', files: [], refusals: [], ...(isOwnMessage && { replyTo: null }) };
    },
    [send, upload, queue],
  );
}
