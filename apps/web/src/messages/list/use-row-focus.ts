import {
  useCallback,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type FocusEvent,
  type KeyboardEvent,
} from 'react';
import type { Row } from './rows.ts';
import type { Place } from './use-place.ts';

interface RowFocusOptions {
  readonly rows: readonly Row[];
  readonly place: Place;
  readonly onFirst: () => void;
  readonly onNewest: () => void;
}

interface RowFocus {
  /** Rows that must stay drawn, wherever one scrolls: that with the focus. */
  readonly kept: readonly number[];
  readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  readonly onFocus: (event: FocusEvent<HTMLElement>) => void;
  readonly onBlur: (event: FocusEvent<HTMLElement>) => void;
}

/** Arrow keys lead from message to message; the list is one stop of Tab. */
export function useRowFocus({ rows, place, onFirst, onNewest }: RowFocusOptions): RowFocus {
  const { scroller, list } = place;
  const [focused, setFocused] = useState<string | null>(null);
  /** A row that is to have the focus once it is drawn. */
  const wanted = useRef<string | null>(null);
  const at = rows.findIndex((row) => row.key === focused);
  const hadRow = useRef(false);

  useLayoutEffect(() => {
    if (focused === null || wanted.current !== focused) return;
    wanted.current = null;
    articleOf(scroller.current, focused)?.focus({ preventScroll: true });
  }, [scroller, focused]);
  useLayoutEffect(() => {
    // The row with the focus was let go, far away: the list takes it.
    if (hadRow.current && at === -1 && focused !== null) {
      setFocused(null);
      scroller.current?.focus({ preventScroll: true });
    }
    hadRow.current = at >= 0;
  }, [scroller, focused, at]);

  const move = (to: number): void => {
    const row = rows[to];
    if (row === undefined || row.message === null) return;
    list.current?.scrollToIndex(to, { align: 'nearest' });
    const article = articleOf(scroller.current, row.key);
    if (article !== null) return article.focus({ preventScroll: true });
    wanted.current = row.key;
    setFocused(row.key);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const { key, target, currentTarget } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (!(target instanceof HTMLElement) || (target !== currentTarget && !target.matches('article'))) return;
    const from = target === currentTarget ? -1 : at;
    if (key === 'ArrowUp') move(from === -1 ? lastInView(place) : from - 1);
    else if (key === 'ArrowDown') move(from === -1 ? lastInView(place) : from + 1);
    else if (key === 'Home') onFirst();
    else if (key === 'End') onNewest();
    else return;
    event.preventDefault();
  };

  const onFocus = useCallback((event: FocusEvent<HTMLElement>): void => {
    const article = event.target.closest<HTMLElement>('article');
    if (article !== null) setFocused(article.dataset.key ?? null);
  }, []);
  const onBlur = useCallback((event: FocusEvent<HTMLElement>): void => {
    // To a dialog or a menu of the row, say: it stays drawn as long as nothing else of the list has the focus.
    if (event.relatedTarget === null || event.currentTarget.contains(event.relatedTarget)) return;
    if (event.relatedTarget.closest('[role="dialog"], [role="menu"]') === null && wanted.current === null)
      setFocused(null);
  }, []);
  const kept = useMemo(() => (at >= 0 ? [at] : []), [at]);
  return { kept, onKeyDown, onFocus, onBlur };
}

const articleOf = (scroller: HTMLElement | null, key: string): HTMLElement | null =>
  scroller?.querySelector<HTMLElement>(`article[data-key="${CSS.escape(key)}"]`) ?? null;

/** The last row that is wholly in view. */
function lastInView({ list, isAtEnd }: Place): number {
  const shown = list.current;
  if (shown === null) return -1;
  const end = shown.scrollOffset + shown.viewportSize;
  const last = shown.findItemIndex(end);
  return isAtEnd || shown.getItemOffset(last) + shown.getItemSize(last) <= end ? last : last - 1;
}
