import { useEffect, useState } from 'react';
import type { ConversationState, ParleyConversation } from '@parley/client';
import { useConnection, useParley, useUserId } from '@parley/react';
import { useAttention } from './use-attention.ts';

/** Where reading begins. */
export interface UnreadFrom {
  /** The `seq` of the first message that is unread, or null if none is. */
  readonly seq: number | null;
  /** False while the messages around it are on their way. */
  readonly isRead: boolean;
  /** Came while nobody looked: whoever reads further up meanwhile stays there. */
  readonly isLater?: true;
}

/**
 * The first message that was unread when the conversation was opened, or that came while nobody looked at the window; stays
 * until there is another such. With more unread ones than are read at first, those around the first of them are read. Null
 * while that is being found out; another object whenever one is to be led there.
 */
export function useUnreadFrom(id: string, isLoaded: boolean): UnreadFrom | null {
  const conversation = useParley().conversation(id);
  const userId = useUserId();
  const { status } = useConnection();
  const [from, setFrom] = useState<UnreadFrom | null>(null);
  // What is known from last time may be old; without a connection there is nothing better.
  const isKnown = isLoaded && status !== 'connecting' && status !== 'catching_up';
  const isOpen = from === null;
  useEffect(() => {
    if (isKnown && isOpen) setFrom(unreadOf(conversation.getSnapshot(), userId));
  }, [conversation, isKnown, isOpen, userId]);
  const missing = from !== null && !from.isRead ? from.seq : null;
  useEffect(() => {
    if (missing === null) return undefined;
    let isWanted = true;
    const read = async (): Promise<void> => {
      // Without them, what there is is shown.
      await conversation.loadAround(missing).catch(() => undefined);
      if (isWanted) setFrom({ seq: missing, isRead: true });
    };
    void read();
    return () => {
      isWanted = false;
    };
  }, [conversation, missing]);
  const isLooking = useAttention();
  const isAway = !isLooking && from?.isRead === true;
  useEffect(() => (isAway ? watchWhileAway(conversation, setFrom) : undefined), [conversation, isAway]);
  return from;
}

/** Tells of the first message that comes, and once more when somebody looks again. If older ones are unread, of none. */
function watchWhileAway(
  { getSnapshot, subscribe }: ParleyConversation,
  tell: (from: UnreadFrom) => void,
): () => void {
  const left = getSnapshot().conversation;
  if (left === null || left.unread_count > 0) return () => undefined;
  const from = { seq: left.last_seq + 1, isRead: true, isLater: true } as const;
  let hasCome = false;
  const stop = subscribe(() => {
    if (hasCome || (getSnapshot().conversation?.unread_count ?? 0) === 0) return;
    hasCome = true;
    tell(from);
  });
  return () => {
    stop();
    if (hasCome) tell({ ...from });
  };
}

function unreadOf(state: ConversationState, userId: string | null): UnreadFrom {
  const { conversation, participants, messages } = state;
  if (conversation === null || conversation.unread_count === 0) return { seq: null, isRead: true };
  const self = [...participants, ...conversation.participants].find((each) => each.user_id === userId);
  const seq = (self?.last_read_seq ?? conversation.last_seq - conversation.unread_count) + 1;
  const first = messages.find((message) => message.seq !== null)?.seq;
  return { seq, isRead: typeof first === 'number' && first <= seq };
}
