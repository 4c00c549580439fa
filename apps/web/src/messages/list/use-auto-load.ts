import { useCallback, useEffect } from 'react';
import { useConnection, type Messages } from '@parley/react';
import type { Place } from './use-place.ts';

/** Reads on while so many screens, and at least so many pixels, are left before the end of what is there. */
const aheadScreens = 4;
const aheadPixels = 2400;

/** Reads older and newer messages before somebody comes there. Answers what to call while it scrolls. */
export function useAutoLoad(messages: Messages, place: Place): () => void {
  const { status } = useConnection();
  const { hasOlder, hasNewer, isLoadingOlder, isLoadingNewer, loadOlder, loadNewer, error } = messages;
  const { scroller, isSettled } = place;
  const isOnline = status === 'live' || status === 'catching_up';
  const load = useCallback((): void => {
    const element = scroller.current;
    // What failed is tried again by hand, or when there is a connection again.
    if (element === null || !isSettled() || !isOnline || error !== null) return;
    const ahead = Math.max(aheadPixels, element.clientHeight * aheadScreens);
    const { scrollTop, clientHeight, scrollHeight } = element;
    if (hasOlder && !isLoadingOlder && scrollTop < ahead) void loadOlder();
    else if (hasNewer && !isLoadingNewer && scrollHeight - clientHeight - scrollTop < ahead) void loadNewer();
  }, [
    scroller,
    isSettled,
    isOnline,
    error,
    hasOlder,
    hasNewer,
    isLoadingOlder,
    isLoadingNewer,
    loadOlder,
    loadNewer,
  ]);
  useEffect(load, [load, messages.messages]);
  return load;
}
