import { useCallback, useEffect, useRef, useState } from 'react';

/** Milliseconds without scrolling after which somebody rests. */
const restMs = 1000;

/** Whether nobody has scrolled for a while, and how to tell that somebody does. */
export function useRest(): readonly [isResting: boolean, onScrolling: (isScrolling: boolean) => void] {
  const [isResting, setResting] = useState(true);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onScrolling = useCallback((isScrolling: boolean): void => {
    clearTimeout(timer.current);
    if (isScrolling) setResting(false);
    else timer.current = setTimeout(() => setResting(true), restMs);
  }, []);
  return [isResting, onScrolling];
}
