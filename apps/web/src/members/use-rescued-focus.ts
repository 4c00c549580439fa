import { useEffect, useRef, type RefObject } from 'react';
import { focusedNear } from '../ui/focus.ts';

interface RescuedFocus {
  readonly container: RefObject<HTMLDivElement | null>;
  /** That of the dialogs and menus of its rows comes here, too. */
  readonly onFocus: () => void;
}

/** A list that takes the focus when the row that had it goes away. `count`: how many rows there are. */
export function useRescuedFocus(count: number): RescuedFocus {
  const container = useRef<HTMLDivElement>(null);
  const hadFocus = useRef(false);
  useEffect(() => {
    if (!hadFocus.current || focusedNear(container.current) !== null) return;
    hadFocus.current = false;
    container.current?.focus();
  }, [count]);
  return { container, onFocus: () => (hadFocus.current = true) };
}
