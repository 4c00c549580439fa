import { useEffect, useRef } from 'react';
import { useConnection } from '@parley/react';
import { useToasts } from '../ui/toast.tsx';

export interface Pages {
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly loadMore: () => Promise<void>;
}

/**
 * Reads page after page while it is wanted: because the end of a list can be seen, or because all of it is searched. When
 * one fails it says so, and waits until more is wanted anew or the connection is back.
 */
export function usePages({ hasMore, isLoading, loadMore }: Pages, isWanted: boolean): void {
  const { fail } = useToasts();
  const isLive = useConnection().status === 'live';
  const hasFailed = useRef(false);
  useEffect(() => {
    if (!isWanted || !isLive) hasFailed.current = false;
    else if (hasMore && !isLoading && !hasFailed.current)
      loadMore().catch((error: unknown) => {
        hasFailed.current = true;
        fail(error);
      });
  }, [isWanted, isLive, hasMore, isLoading, loadMore, fail]);
}
