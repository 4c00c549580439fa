import { useCallback, useSyncExternalStore } from 'react';
import { usePortalRoot } from '../ui/portal.tsx';

/** Whether the app, which may be embedded small, has at least so many pixels. For what styles alone can't decide. */
export function useIsWide(pixels: number): boolean {
  const root = usePortalRoot();
  const subscribe = useCallback(
    (listener: () => void) => {
      if (root === null) return () => undefined;
      const observer = new ResizeObserver(listener);
      observer.observe(root);
      return () => observer.disconnect();
    },
    [root],
  );
  return useSyncExternalStore(subscribe, () => (root?.clientWidth ?? 0) >= pixels);
}
