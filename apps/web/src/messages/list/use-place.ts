import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from 'react';
import type { VirtualizerHandle } from 'virtua';
import { endsWithJustSent } from './just-sent.ts';
import type { Row } from './rows.ts';

/** Where a list begins that has no place to keep: at its end, or with this row in view. */
export type Target =
  | 'end'
  | { readonly messageId: string }
  /** The line above the first unread message. */
  | 'unread';

export interface Place {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly list: RefObject<VirtualizerHandle | null>;
  /** Whether the end of the rows is in view, and stays there when rows come. */
  readonly isAtEnd: boolean;
  /** Where the next list that is drawn anew begins; if the rows can be kept, `show` it. */
  readonly aim: (target: Target) => void;
  /** Brings it into view. False if it is not among the rows. */
  readonly show: (target: Target) => boolean;
  /** For the list's own events. */
  readonly onScroll: () => void;
  readonly onResize: () => void;
  /** Whether the list has come to rest where it should begin. */
  readonly isSettled: () => boolean;
}

/** Pixels from the end that still count as the end; browsers round. */
const slack = 24;
/** Pixels of what came before that stay visible above the unread line. */
const context = 96;
/** Milliseconds in which a list that is drawn anew measures its rows. */
const settleMs = 250;
/** Milliseconds after a change of a text in which nobody scrolls the list. */
const typingMs = 150;

/** Keeps the place in the list, or the end in view if it was. */
export function usePlace(rows: readonly Row[], generation: number): Place {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const target = useRef<Target>('end');
  const sticks = useRef(true);
  const lastTop = useRef(0);
  const settledAt = useRef(0);
  /** When somebody last wrote something. */
  const wroteAt = useRef(-Infinity);
  /** Where the list is kept until the rows there are measured. */
  const held = useRef<Target | null>(null);
  const holding = useRef<ReturnType<typeof setTimeout>>(undefined);
  const lastKey = useRef<string | undefined>(undefined);
  const latest = useRef(rows);
  const [isAtEnd, setAtEnd] = useState(true);

  const stick = useCallback((): void => {
    const element = scroller.current;
    if (element === null || !sticks.current) return;
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop;
  }, []);

  const onScroll = useCallback((): void => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollTop: top, scrollHeight, clientHeight } = element;
    const isEnd = scrollHeight - clientHeight - top <= slack;
    // Growing rows move the end away without anybody having scrolled. So does a field that shrinks and grows within one
    // edit, as where all of a text is replaced: the list is cut to the larger room, and not put back.
    const isWriting = performance.now() - wroteAt.current < typingMs;
    if (isEnd || (top < lastTop.current - 1 && !isWriting)) sticks.current = isEnd;
    lastTop.current = top;
    if (isWriting) stick();
    setAtEnd(sticks.current);
  }, [stick]);

  /** Scrolls to what is held. Rows that were not measured yet may move it away: then it is called again. */
  const hold = useCallback((): void => {
    const [element, drawn] = [scroller.current, list.current];
    const at = held.current === null ? null : indexOf(latest.current, held.current);
    if (element === null || drawn === null || held.current === null || at === null || at === -1) return;
    const room = held.current === 'unread' ? context : (drawn.viewportSize - drawn.getItemSize(at)) / 2;
    element.scrollTop = drawn.getItemOffset(at) - room;
    lastTop.current = element.scrollTop;
    clearTimeout(holding.current);
    holding.current = setTimeout(() => {
      held.current = null;
      // If that was in view already, nothing scrolled, and the end may be in view as well.
      onScroll();
    }, settleMs);
  }, [onScroll]);

  const show = useCallback(
    (wanted: Target): boolean => {
      const at = indexOf(latest.current, wanted);
      if (at === -1) return false;
      held.current = at === null ? null : wanted;
      sticks.current = at === null;
      setAtEnd(at === null);
      stick();
      hold();
      return true;
    },
    [stick, hold],
  );

  // Whoever scrolls goes where they want to.
  useEffect(() => {
    const element = scroller.current;
    const release = (): void => {
      held.current = null;
    };
    const write = (): void => {
      wroteAt.current = performance.now();
    };
    const inputs = ['wheel', 'touchstart', 'pointerdown', 'keydown'];
    for (const type of inputs) element?.addEventListener(type, release, { passive: true });
    document.addEventListener('input', write);
    return () => {
      clearTimeout(holding.current);
      for (const type of inputs) element?.removeEventListener(type, release);
      document.removeEventListener('input', write);
    };
  }, []);

  useLayoutEffect(() => {
    latest.current = rows;
    if (endsWithJustSent(rows, lastKey.current)) sticks.current = true;
    lastKey.current = rows.at(-1)?.key;
    stick();
    hold();
  }, [rows, stick, hold]);

  useLayoutEffect(() => {
    settledAt.current = performance.now() + settleMs;
    if (!show(target.current)) show('end');
    target.current = 'end';
  }, [generation, show]);

  return useMemo(
    () => ({
      scroller,
      list,
      isAtEnd,
      aim: (wanted) => {
        target.current = wanted;
      },
      show,
      onScroll,
      onResize: () => {
        stick();
        hold();
      },
      isSettled: () => performance.now() >= settledAt.current,
    }),
    [isAtEnd, show, onScroll, stick, hold],
  );
}

/** Null for the end; -1 for what is not there. */
function indexOf(rows: readonly Row[], target: Target): number | null {
  if (target === 'end') return null;
  return target === 'unread'
    ? rows.findIndex((row) => row.message !== null && row.beginsUnread)
    : rows.findIndex((row) => row.message?.id === target.messageId);
}
