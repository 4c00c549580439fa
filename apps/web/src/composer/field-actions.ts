import type { Replacement, Selected } from './text.ts';

export const selectedOf = ({ value, selectionStart, selectionEnd }: HTMLTextAreaElement): Selected => ({
  text: value,
  start: selectionStart,
  end: selectionEnd,
});

/** Changes the text as if it had been typed: undo takes it back, and React hears of it. */
export function replaceIn(field: HTMLTextAreaElement, { from, to, text, select }: Replacement): void {
  field.focus();
  field.setSelectionRange(from, to);
  // Deprecated, and the only way that keeps the history for undo; browsers without it get the text nevertheless.
  if (!document.execCommand('insertText', false, text)) {
    field.setRangeText(text);
    field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertText' }));
  }
  field.setSelectionRange(from + select[0], from + select[1]);
}

const marks: ReadonlyMap<string, string> = new Map([
  ['b', '**'],
  ['i', '*'],
]);

/** The mark that a shortcut puts around the selection: Ctrl+B or ⌘B for bold, Ctrl+I or ⌘I for emphasis; or null. */
export const markOf = (
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): string | null =>
  event.ctrlKey !== event.metaKey && !event.altKey && !event.shiftKey ? (marks.get(event.key) ?? null) : null;

/** On touch screens the keyboard's Enter makes a line, as people expect there; a button sends. */
export const isTouch = (): boolean => window.matchMedia('(hover: none) and (pointer: coarse)').matches;

/** Whether a key press means sending. While an input method composes, Enter chooses a word. */
export const isSendKey = (
  event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'altKey' | 'isComposing' | 'keyCode'>,
  onTouch: boolean,
): boolean =>
  // Safari ends composing before the key press, and tells it by 229 alone.
  event.key === 'Enter' &&
  !event.shiftKey &&
  !event.altKey &&
  !event.isComposing &&
  event.keyCode !== 229 &&
  !onTouch;
