import { useCallback, useMemo } from 'react';
import type { ConnectionState, Conversation, ParleyError, ParleyState } from '@parley/client';
import { usePaging } from './paging.ts';
import { useParley } from './provider.ts';
import { useParleyState } from './state.ts';

const connectionOf = (state: ParleyState): ConnectionState => state.connection;
const unreadOf = (state: ParleyState): ParleyState['unread'] => state.unread;
const userIdOf = (state: ParleyState): string | null => state.userId;
const currentOf = (state: ParleyState): readonly Conversation[] => state.conversations;
const archivedOf = (state: ParleyState): readonly Conversation[] => state.archived;
const hasMoreOf = (state: ParleyState): boolean => state.hasMoreConversations;
const hasMoreArchivedOf = (state: ParleyState): boolean => state.hasMoreArchived;

/** Where the client is with the server: `live`, `catching_up`, `waiting` (with `retryAt`), … */
export const useConnection = (): ConnectionState => useParleyState(connectionOf);

/** How many messages are unread, and in how many conversations; without those archived. */
export const useUnread = (): ParleyState['unread'] => useParleyState(unreadOf);

/** Who is signed in; null until the first token is there. */
export const useUserId = (): string | null => useParleyState(userIdOf);

export interface Conversations {
  /** Newest activity first. */
  readonly conversations: readonly Conversation[];
  /** Whether `loadMore` would bring more. */
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** Why the last page did not come, or null. */
  readonly error: ParleyError | null;
  /** Reads the next 100; of those archived, all. A second call while one runs is the same as none. Never rejects: see `error`. */
  readonly loadMore: () => Promise<void>;
}

/** The list of conversations. Or that of the archived ones, of which most are known only after `loadMore`. */
export function useConversations({ archived = false } = {}): Conversations {
  const parley = useParley();
  const conversations = useParleyState(archived ? archivedOf : currentOf);
  const hasMore = useParleyState(archived ? hasMoreArchivedOf : hasMoreOf);
  const { isLoading, error, load } = usePaging(
    useCallback(() => parley.loadConversations({ archived }), [parley, archived]),
  );
  return useMemo(
    () => ({ conversations, hasMore, isLoading, error, loadMore: load }),
    [conversations, hasMore, isLoading, error, load],
  );
}
