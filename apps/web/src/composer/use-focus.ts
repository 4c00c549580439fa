import { useEffect, type RefObject } from 'react';
import { isTouch } from './field-actions.ts';

/**
 * Puts the caret into the field when a conversation is opened, and when a reply or an edit begins; on touch screens, where
 * that brings up the keyboard, only then.
 */
export function useFocus(field: RefObject<HTMLTextAreaElement | null>, wanted: string | null): void {
  useEffect(() => {
    const element = field.current;
    if (element === null || (wanted === null && (isTouch() || isElsewhere(element)))) return undefined;
    const take = () => {
      element.focus({ preventScroll: true });
      element.setSelectionRange(element.value.length, element.value.length);
    };
    take();
    if (wanted === null) return undefined;
    // The menu by which it began gives the focus back to its button a moment later.
    const timer = setTimeout(take, 50);
    return () => clearTimeout(timer);
  }, [field, wanted]);
}

/** Whether somebody is busy in the page around the element, or in a dialog. */
function isElsewhere(element: HTMLElement): boolean {
  const root = element.getRootNode();
  if (root instanceof ShadowRoot && document.activeElement !== root.host) return true;
  const active = root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null;
  return active?.closest('[role="dialog"]') !== null && active !== null;
}
