import { useMemo } from 'react';
import { ParleyError } from '@parley/client';
import { Cell, useCell } from './cell.ts';

interface PagingState {
  readonly isLoading: boolean;
  /** Why the last page did not come. */
  readonly error: ParleyError | null;
}

export interface Paging extends PagingState {
  readonly load: () => Promise<void>;
}

/** One way of paging: at most one page at a time. Another `read` begins anew. */
export function usePaging(read: () => Promise<unknown>): Paging {
  // What comes late belongs to what it was asked for, which may be shown no longer.
  const [cell, load] = useMemo(() => {
    const cell = new Cell<PagingState>({ isLoading: false, error: null });
    let running: Promise<void> | null = null;
    const run = async (): Promise<void> => {
      cell.set({ ...cell.getSnapshot(), isLoading: true });
      try {
        await read();
        cell.set({ isLoading: false, error: null });
      } catch (error) {
        const known = error instanceof ParleyError ? error : null;
        cell.set({ isLoading: false, error: known });
        if (known === null) throw error;
      } finally {
        running = null;
      }
    };
    return [cell, () => (running ??= run())];
  }, [read]);
  const state = useCell(cell);
  return useMemo(() => ({ ...state, load }), [state, load]);
}
