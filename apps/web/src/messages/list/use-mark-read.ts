import { useCallback, useEffect, useRef } from 'react';
import { useParley } from '@parley/react';
import type { Row } from './rows.ts';
import type { Place } from './use-place.ts';
import { useAttention } from './use-attention.ts';

/**
 * Marks as read what is in view while somebody looks: at once when messages come, and when scrolling has come to rest, by
 * what this answers. Not before `isReady`: whence the unread line comes must be known.
 */
export function useMarkRead(id: string, rows: readonly Row[], place: Place, isReady: boolean): () => void {
  const conversation = useParley().conversation(id);
  const isLooking = useAttention();
  const marked = useRef(0);
  const { list, isAtEnd } = place;
  const mark = useCallback((): void => {
    const shown = list.current;
    if (!isReady || !isLooking || shown === null) return;
    if ((conversation.getSnapshot().conversation?.unread_count ?? 0) === 0) return;
    const end = isAtEnd ? rows.length : shown.findItemIndex(shown.scrollOffset + shown.viewportSize - 16) + 1;
    const last = rows.slice(0, end).findLast((row) => typeof row.message?.seq === 'number')?.message;
    if (last === undefined || last === null || last.seq === null || last.seq <= marked.current) return;
    marked.current = last.seq;
    conversation.markRead(last);
  }, [conversation, rows, list, isAtEnd, isReady, isLooking]);
  useEffect(mark, [mark]);
  return mark;
}
