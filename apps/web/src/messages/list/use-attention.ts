import { useSyncExternalStore } from 'react';

export const isLookedAt = (): boolean => document.visibilityState === 'visible' && document.hasFocus();

function subscribe(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener);
  window.addEventListener('focus', listener);
  window.addEventListener('blur', listener);
  return () => {
    document.removeEventListener('visibilitychange', listener);
    window.removeEventListener('focus', listener);
    window.removeEventListener('blur', listener);
  };
}

/** Whether somebody looks at the window: what shows in it is read then. */
export const useAttention = (): boolean => useSyncExternalStore(subscribe, isLookedAt);
