import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { VirtualizerHandle } from 'virtua';

/** Rows by which the ranges move. */
const step = 20;

type Range = readonly [from: number, to: number];

export interface Visible {
  /** The rows that can be seen, since the list last stood still: so that a fling asks for nobody's presence. */
  readonly from: number;
  readonly to: number;
  /** Up to where rows can be seen at this moment. */
  readonly end: number;
  /** What the list is to call when it is scrolled, and when something has another size. */
  readonly handlers: {
    readonly onScroll: () => void;
    readonly onResize: () => void;
  };
}

/** Milliseconds without a move after which a list stands still. */
const restMs = 150;

/** Which rows of a virtualised list can be seen, in steps of 20. */
export function useVisible(list: RefObject<VirtualizerHandle | null>): Visible {
  const [[from, to], setRange] = useState<Range>([0, step]);
  const [end, setEnd] = useState(step);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const look = useCallback(() => {
    setEnd(rangeOf(list.current)[1]);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const next = rangeOf(list.current);
      setRange((before) => (before[0] === next[0] && before[1] === next[1] ? before : next));
    }, restMs);
  }, [list]);
  return { from, to, end, handlers: { onScroll: look, onResize: look } };
}

function rangeOf(list: VirtualizerHandle | null): Range {
  if (list === null) return [0, step];
  const first = list.findItemIndex(list.scrollOffset);
  const last = list.findItemIndex(list.scrollOffset + list.viewportSize);
  return [Math.floor(first / step) * step, Math.ceil((last + 1) / step) * step];
}
