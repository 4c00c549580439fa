import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type FocusEvent,
  type KeyboardEvent,
  type RefObject,
} from 'react';
import type { VirtualizerHandle } from 'virtua';
import type { Conversation } from '@parley/client';
import { useNavigation } from '../shell/navigation.tsx';
import { focusedNear } from '../ui/focus.ts';

export interface ListFocus {
  readonly container: RefObject<HTMLDivElement | null>;
  readonly handlers: {
    readonly onKeyDown: (event: KeyboardEvent) => void;
    readonly onFocus: (event: FocusEvent) => void;
  };
  /** The conversation whose row Tab reaches. */
  readonly tabStop: string | undefined;
  /** Rows that must be there though they can't be seen. */
  readonly mounted: readonly number[];
}

/**
 * The keyboard in a virtualised list: one row is a stop for Tab, the arrows, Home and End go on from there. The focus is
 * kept when its row goes away, and comes back when a conversation is closed.
 */
export function useListFocus(
  conversations: readonly Conversation[],
  list: RefObject<VirtualizerHandle | null>,
): ListFocus {
  const { conversationId } = useNavigation();
  const container = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(null);
  /** The row that is to get the focus as soon as it is there. */
  const [wanted, setWanted] = useState<string | null>(null);
  const indexOf = (id: string | null): number => conversations.findIndex((each) => each.id === id);
  const stop = [active, conversationId].map(indexOf).find((index) => index >= 0) ?? 0;
  const tabStop = conversations[stop]?.id;

  const moveTo = useCallback(
    (index: number) => {
      const id = conversations[Math.max(0, Math.min(conversations.length - 1, index))]?.id ?? null;
      setActive(id);
      setWanted(id);
    },
    [conversations],
  );
  useLayoutEffect(() => {
    if (wanted === null) return;
    list.current?.scrollToIndex(indexOf(wanted), { align: 'nearest' });
    focusRow(container.current, wanted);
    setWanted(null);
    // oxlint-disable-next-line react/exhaustive-deps -- once for each wish
  }, [wanted]);
  useKeptFocus(container, conversations, active, moveTo);

  const handlers = useMemo(
    () => ({
      onKeyDown: (event: KeyboardEvent) => {
        const id = rowAt(event);
        if (id === null || event.altKey || event.ctrlKey || event.metaKey) return;
        const at = conversations.findIndex((each) => each.id === id);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: Infinity }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        moveTo(to);
      },
      onFocus: (event: FocusEvent) => {
        const row = event.target.closest('li')?.querySelector<HTMLElement>('[data-row]');
        if (row?.dataset['row'] !== undefined) setActive(row.dataset['row']);
      },
    }),
    [conversations, moveTo],
  );
  return { container, handlers, tabStop, mounted: useMemo(() => [stop], [stop]) };
}

/** When the row with the focus goes, or the conversation that was open, the focus must not be lost. */
function useKeptFocus(
  container: RefObject<HTMLDivElement | null>,
  conversations: readonly Conversation[],
  active: string | null,
  moveTo: (index: number) => void,
): void {
  const { conversationId } = useNavigation();
  const last = useRef({ index: 0, conversationId });
  const index = conversations.findIndex((each) => each.id === active);
  useEffect(() => {
    const before = last.current;
    const isGone = active !== null && index < 0;
    const isClosed = before.conversationId !== null && conversationId === null;
    last.current = { index: index < 0 ? before.index : index, conversationId };
    if (!isGone && !isClosed) return;
    const opened = conversations.findIndex((each) => each.id === before.conversationId);
    if (focusedNear(container.current) === null) moveTo(isClosed && opened >= 0 ? opened : before.index);
  }, [container, conversations, active, index, conversationId, moveTo]);
}

/** The conversation whose link an event comes from. */
function rowAt({ target }: KeyboardEvent): string | null {
  return target instanceof HTMLElement ? (target.dataset['row'] ?? null) : null;
}

/** Frames that a row may take until it is there, measured and so able to have the focus. */
const patience = 20;

function focusRow(container: HTMLElement | null, id: string, left = patience): void {
  const row = container?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
  row?.focus({ preventScroll: true });
  if (left > 0 && (row === undefined || row === null || focusedNear(container) !== row))
    requestAnimationFrame(() => focusRow(container, id, left - 1));
}
