import {
  useCallback,
  useEffect,
  useEffectEvent,
  useLayoutEffect,
  useMemo,
  useRef,
  type ReactNode,
} from 'react';
import type { ConversationState } from '@parley/client';
import { useConversationState, useUserId, type Messages } from '@parley/react';
import { sentenceOf } from '../../ui/toast.tsx';
import { Announcer } from './announcer.tsx';
import { MessageList } from './message-list.tsx';
import { NewestButton } from './newest-button.tsx';
import { rowsOf, type Row } from './rows.ts';
import { TimelineProvider } from './timeline-context.ts';
import { useAutoLoad } from './use-auto-load.ts';
import { useJump } from './use-jump.ts';
import { useMarkRead } from './use-mark-read.ts';
import { usePlace, type Place } from './use-place.ts';
import { useRest } from './use-rest.ts';
import { useRows } from './use-rows.ts';
import type { UnreadFrom } from './use-unread-from.ts';

interface ConversationProps {
  readonly id: string;
  readonly messages: Messages;
  readonly unreadFrom: UnreadFrom | null;
}

/** A conversation with messages: reads on, marks as read, leads to where somebody wants to go. */
export function Conversation({ id, messages, unreadFrom }: ConversationProps): ReactNode {
  const [isResting, onScrolling] = useRest();
  const wanted = useWantedRows(id, messages, unreadFrom);
  const { rows, shift, generation } = useRows(wanted, isResting);
  const place = usePlace(rows, generation);
  const { markedId, jump, toFirst, toNewest } = useJump(id, place);
  const load = useAutoLoad(messages, place);
  const markRead = useMarkRead(id, rows, place, unreadFrom?.isRead === true);
  useStartAtUnread(unreadFrom, place);
  const timeline = useTimelineValue(id, jump);
  return (
    <TimelineProvider value={timeline}>
      <div className="timeline-pane">
        <MessageList
          rows={rows}
          shift={shift}
          generation={generation}
          place={place}
          isBusy={messages.isLoadingOlder || messages.isLoadingNewer}
          markedId={markedId}
          onMove={load}
          onRest={() => {
            load();
            markRead();
          }}
          onScrolling={onScrolling}
          onFirst={toFirst}
          onNewest={toNewest}
        />
        <LoadNote messages={messages} />
        {(!place.isAtEnd || messages.hasNewer) && <NewestButton id={id} onPress={toNewest} />}
      </div>
      <Announcer id={id} />
    </TimelineProvider>
  );
}

function useWantedRows(id: string, { messages }: Messages, unreadFrom: UnreadFrom | null): readonly Row[] {
  const userId = useUserId();
  const before = useRef<readonly Row[]>([]);
  const isWhole = useConversationState(id, (state) => state.conversation !== null && !state.hasOlder);
  const rows = useMemo(
    () => rowsOf({ messages, userId, unreadFrom: unreadFrom?.seq ?? null, isWhole }, before.current),
    [messages, userId, unreadFrom, isWhole],
  );
  useEffect(() => {
    before.current = rows;
  }, [rows]);
  return rows;
}

/** Once it is known where reading begins, the list is led there. */
function useStartAtUnread(from: UnreadFrom | null, { isAtEnd, show }: Place): void {
  const lead = useEffectEvent(() => {
    if (from !== null && from.seq !== null && (from.isLater !== true || isAtEnd)) show('unread');
  });
  useLayoutEffect(() => lead(), [from]);
}

function useTimelineValue(id: string, jump: (messageId: string) => void) {
  const userId = useUserId();
  const showsAuthors = useConversationState(id, (state) => state.conversation?.type === 'group');
  const isMuted = useCallback(
    ({ participants }: ConversationState) =>
      participants.some((each) => each.user_id === userId && each.is_muted),
    [userId],
  );
  const mayWrite = !useConversationState(id, isMuted);
  return useMemo(
    () => ({ conversationId: id, showsAuthors, mayWrite, jump }),
    [id, showsAuthors, mayWrite, jump],
  );
}

/** That older or newer messages are on their way, or did not come; over the messages, so that nothing moves. */
function LoadNote({ messages }: { readonly messages: Messages }): ReactNode {
  const { error, isLoadingOlder, hasOlder, loadOlder, loadNewer } = messages;
  if (error !== null)
    return (
      <div className="load-note load-note-failed" role="alert">
        <span>{sentenceOf(error)}</span>
        <button type="button" onClick={() => void (hasOlder ? loadOlder() : loadNewer())}>
          Try again
        </button>
      </div>
    );
  return isLoadingOlder ? <div className="load-note load-note-busy" aria-hidden="true" /> : null;
}
