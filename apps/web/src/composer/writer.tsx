import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useConversationState, useTyping, useUserId } from '@parley/react';
import { IconButton } from '../ui/button.tsx';
import { titleOf } from '../ui/format.ts';
import { AttachButton } from './attach-button.tsx';
import { EmojiButton } from './emoji/emoji-button.tsx';
import { replaceIn, selectedOf } from './field-actions.ts';
import { Field } from './field.tsx';
import { Hints } from './hints.tsx';
import { insertion } from './text.ts';
import { useAddFiles } from './use-add-files.ts';
import { useFocus } from './use-focus.ts';
import { useWriter } from './use-writer.ts';
import { late } from '../ui/late.tsx';

const ContextBar = late(() => import('./context-bar.tsx'));
const StagedFiles = late(() => import('./staged-files.tsx'));

/** The field with what is around it. */
export function Writer({ id }: { readonly id: string }): ReactNode {
  const writer = useWriter(id);
  const { draft, text, setText, change } = writer;
  const { onType, stop } = useTyping(id);
  const addFiles = useAddFiles(id);
  const field = useRef<HTMLTextAreaElement>(null);
  const hintsId = useId();
  const name = useName(id);
  const isEditing = draft.editing !== null;
  const hasFiles = draft.files.length > 0 || draft.refusals.length > 0;
  useFocus(field, draft.editing?.key ?? draft.replyTo?.key ?? null);

  const type = (next: string) => {
    setText(next);
    if (isEditing) return;
    if (next.trim() === '') stop();
    else onType();
  };
  const submit = () => {
    writer.submit();
    field.current?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !writer.cancel()) return;
    event.preventDefault();
    event.stopPropagation();
    field.current?.focus();
  };

  return (
    <form
      className="composer-form"
      onKeyDown={onKeyDown}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="composer-box">
        {(isEditing || draft.replyToId !== null) && (
          <ContextBar id={id} writer={writer} onCancel={() => field.current?.focus()} />
        )}
        {!isEditing && hasFiles && (
          <StagedFiles draft={draft} onChange={change} onEmpty={() => field.current?.focus()} />
        )}
        <div className="composer-row">
          {!isEditing && <AttachButton onFiles={(files) => void addFiles(files)} />}
          <Field
            ref={field}
            name={name}
            text={text}
            describedBy={hintsId}
            isInvalid={writer.error !== null}
            onText={type}
            onSend={submit}
            onFiles={isEditing ? null : (files) => void addFiles(files)}
            onUp={writer.editLast}
          />
          <EmojiButton
            field={field}
            onEmoji={(emoji) => {
              if (field.current !== null)
                replaceIn(field.current, insertion(selectedOf(field.current), emoji));
            }}
          />
          <IconButton
            type="submit"
            icon={isEditing ? 'check' : 'send'}
            label={isEditing ? 'Save' : 'Send'}
            tone={writer.canSubmit ? 'primary' : 'plain'}
            disabled={!writer.canSubmit}
            className="composer-send"
            // Keeps the focus in the field, and a phone's keyboard up.
            onPointerDown={(event) => event.preventDefault()}
          />
        </div>
      </div>
      <Hints id={id} htmlId={hintsId} text={text} error={writer.error} isEditing={isEditing} />
    </form>
  );
}

/** `Message Lunch` */
function useName(id: string): string {
  const userId = useUserId();
  const title = useConversationState(id, ({ conversation }) => conversation && titleOf(conversation, userId));
  return title === null ? 'Message' : `Message ${title}`;
}
