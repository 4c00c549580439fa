import {
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
} from 'react';
import { isSendKey, isTouch, markOf, replaceIn, selectedOf } from './field-actions.ts';
import { pastedFiles } from './files.ts';
import { linkOver, toggleMark } from './text.ts';

interface FieldProps {
  readonly ref: Ref<HTMLTextAreaElement>;
  readonly name: string;
  readonly text: string;
  readonly describedBy: string;
  readonly isInvalid: boolean;
  readonly onText: (text: string) => void;
  readonly onSend: () => void;
  /** Takes files that were pasted; null where there can be none. */
  readonly onFiles: ((files: readonly File[]) => void) | null;
  /** ↑ in the empty field. True if that did something. */
  readonly onUp: () => boolean;
}

/** The text area: it grows with its text, up to ten lines. */
export function Field({
  ref,
  name,
  text,
  describedBy,
  isInvalid,
  onText,
  onSend,
  onFiles,
  onUp,
}: FieldProps): ReactNode {
  const own = useRef<HTMLTextAreaElement>(null);
  useImperativeHandle<HTMLTextAreaElement | null, HTMLTextAreaElement | null>(ref, () => own.current);
  useGrowth(own, text);
  const onTouch = isTouch();

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const field = event.currentTarget;
    const mark = markOf(event);
    if (isSendKey(event.nativeEvent, onTouch)) onSend();
    else if (mark !== null) replaceIn(field, toggleMark(selectedOf(field), mark));
    else if (event.key !== 'ArrowUp' || text !== '' || hasModifier(event) || !onUp()) return;
    event.preventDefault();
  };
  const onPaste = (event: ClipboardEvent<HTMLTextAreaElement>) => {
    const { clipboardData: data, currentTarget: field } = event;
    const files = onFiles === null ? [] : pastedFiles(data);
    const link = linkOver(selectedOf(field), data.getData('text/plain'));
    if (files.length > 0) onFiles?.(files);
    else if (link !== null) replaceIn(field, link);
    else return;
    event.preventDefault();
  };

  return (
    <textarea
      ref={own}
      className="composer-field"
      rows={1}
      // Without a text there is nothing to tell by: the placeholder stands as everything else.
      dir={text === '' ? undefined : 'auto'}
      value={text}
      placeholder={name}
      aria-label={name}
      aria-describedby={describedBy}
      aria-invalid={isInvalid || undefined}
      enterKeyHint={onTouch ? 'enter' : 'send'}
      onChange={(event) => onText(event.currentTarget.value)}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    />
  );
}

const hasModifier = (event: KeyboardEvent): boolean =>
  event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;

const growsByItself = CSS.supports('field-sizing', 'content');

/** Where styles alone can't do it. */
function useGrowth(field: { readonly current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const element = field.current;
    if (growsByItself || element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [field, text]);
}
