import { useCallback, useSyncExternalStore } from 'react';

/** Milliseconds between two looks at the clock: how late a second may show. */
const lookMs = 250;

const left = (at: number): number => Math.max(0, Math.ceil((at - Date.now()) / 1000));

/** The whole seconds until a moment, in milliseconds since 1970, counting down; null without one. */
export function useSecondsUntil(at: number | null): number | null {
  const subscribe = useCallback(
    (listener: () => void) => {
      if (at === null || left(at) === 0) return () => undefined;
      const timer = setInterval(() => {
        listener();
        if (left(at) === 0) clearInterval(timer);
      }, lookMs);
      return () => clearInterval(timer);
    },
    [at],
  );
  return useSyncExternalStore(subscribe, () => (at === null ? null : left(at)));
}
