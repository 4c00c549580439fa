import type { KeyboardEvent } from 'react';
import { isPressed } from '../shell/shortcut-keys.ts';

/** Sends a form by Ctrl+Enter or ⌘ Enter, from wherever one is in it. */
export function submitByKeys(event: KeyboardEvent<HTMLFormElement>): void {
  if (event.defaultPrevented || !isPressed('Mod+Enter', event.nativeEvent)) return;
  event.preventDefault();
  event.currentTarget.requestSubmit();
}
