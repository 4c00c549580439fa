import { useCallback, useState, type ReactNode } from 'react';
import { Virtualizer } from 'virtua';
import { Beginning } from './beginning.tsx';
import { FloatingDay } from './floating-day.tsx';
import { MessageRowView } from './message-row.tsx';
import type { Row } from './rows.ts';
import type { Place } from './use-place.ts';
import { useRowFocus } from './use-row-focus.ts';

interface MessageListProps {
  readonly rows: readonly Row[];
  readonly shift: boolean;
  readonly generation: number;
  readonly place: Place;
  readonly isBusy: boolean;
  readonly markedId: string | null;
  /** Called while it scrolls, and when it has come to rest. */
  readonly onMove: () => void;
  readonly onRest: () => void;
  readonly onScrolling: (isScrolling: boolean) => void;
  /** To the first message of all, and to the newest. */
  readonly onFirst: () => void;
  readonly onNewest: () => void;
}

/** Pixels beyond the window that are drawn, too. */
const buffer = 600;

/** The rows that are in view, and some around them. */
export function MessageList(props: MessageListProps): ReactNode {
  const { rows, shift, generation, place, isBusy, markedId } = props;
  const { onMove, onRest, onScrolling, onFirst, onNewest } = props;
  const focus = useRowFocus({ rows, place, onFirst, onNewest });
  const [topRow, setTopRow] = useState<Row | null>(null);
  const [isMoving, setMoving] = useState(false);
  const onScroll = (): void => {
    place.onScroll();
    const list = place.list.current;
    if (list !== null) setTopRow(rows[list.findItemIndex(list.scrollOffset + 8)] ?? null);
    if (!isMoving && place.isSettled()) setMoving(true);
    onScrolling(true);
    onMove();
  };
  const onScrollEnd = (): void => {
    setMoving(false);
    onScrolling(false);
    onRest();
  };
  const draw = useCallback(
    (row: Row) =>
      row.message === null ? (
        <Beginning key={row.key} />
      ) : (
        <MessageRowView key={row.key} row={row} isMarked={row.message.id === markedId} />
      ),
    [markedId],
  );
  return (
    <>
      <div
        ref={place.scroller}
        role="feed"
        aria-label="Messages"
        aria-busy={isBusy}
        tabIndex={0}
        className="timeline-scroller"
        onKeyDown={focus.onKeyDown}
        onFocus={focus.onFocus}
        onBlur={focus.onBlur}
      >
        <div className="timeline-spacer" />
        <Virtualizer
          key={generation}
          ref={place.list}
          data={rows}
          shift={shift}
          bufferSize={buffer}
          keepMounted={focus.kept}
          onScroll={onScroll}
          onScrollEnd={onScrollEnd}
          onResize={place.onResize}
        >
          {draw}
        </Virtualizer>
        <div className="timeline-end" />
      </div>
      <FloatingDay row={topRow} isShown={isMoving && !place.isAtEnd} />
    </>
  );
}
