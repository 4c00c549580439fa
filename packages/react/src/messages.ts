import { useCallback, useMemo } from 'react';
import type { AnyMessage, ConversationState, ParleyError } from '@parley/client';
import { useOpen } from './open.ts';
import { usePaging } from './paging.ts';
import { useParley } from './provider.ts';
import { shallowEqual } from './select.ts';
import { useSlice } from './state.ts';

export interface Messages extends Pick<ConversationState, 'messages' | 'hasOlder' | 'hasNewer' | 'isLoaded'> {
  readonly isLoadingOlder: boolean;
  readonly isLoadingNewer: boolean;
  /** Why they could not be read, or the last page not, or null. Not for want of a connection at first: see `useConnection`. */
  readonly error: ParleyError | null;
  /** Each reads a page more; a second call while one runs is the same as none. They never reject: see `error`. */
  readonly loadOlder: () => Promise<void>;
  readonly loadNewer: () => Promise<void>;
  /** Goes back to the newest. @throws ParleyError */
  readonly loadLatest: () => Promise<void>;
  /** Shows the message of this id and those around it. False if there is none. @throws ParleyError */
  readonly jumpTo: (messageId: string) => Promise<boolean>;
  /** You have read up to this message, or to the newest that is shown. One that is not sent yet is nothing to read. */
  readonly markRead: (message?: AnyMessage) => void;
}

const messagesOf = ({ messages, hasOlder, hasNewer, isLoaded, error }: ConversationState) => ({
  messages,
  hasOlder,
  hasNewer,
  isLoaded,
  error,
});

/** Opens a conversation while mounted: its messages, oldest first and without a hole, and the ways through its history. */
export function useMessages(id: string): Messages {
  const conversation = useParley().conversation(id);
  useOpen(conversation);
  const shown = useSlice(conversation, messagesOf, shallowEqual);
  const older = usePaging(useCallback(() => conversation.loadOlder(), [conversation]));
  const newer = usePaging(useCallback(() => conversation.loadNewer(), [conversation]));
  const ways = useMemo(
    () => ({
      loadLatest: () => conversation.loadLatest(),
      jumpTo: (messageId: string) => conversation.jumpTo(messageId),
      markRead: (message?: AnyMessage) => {
        if (message === undefined) conversation.markRead();
        else if (message.seq !== null) conversation.markRead(message);
      },
    }),
    [conversation],
  );
  return useMemo(
    () => ({
      ...shown,
      ...ways,
      error: shown.error ?? older.error ?? newer.error,
      isLoadingOlder: older.isLoading,
      isLoadingNewer: newer.isLoading,
      loadOlder: older.load,
      loadNewer: newer.load,
    }),
    [shown, ways, older, newer],
  );
}
