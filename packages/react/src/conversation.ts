import { useCallback, useMemo } from 'react';
import type { ConversationState, ParleyConversation, ParleyError } from '@parley/client';
import { useOpen } from './open.ts';
import { usePaging } from './paging.ts';
import { useParley } from './provider.ts';
import { shallowEqual } from './select.ts';
import { useSlice } from './state.ts';

/** A conversation but for its messages and who is typing. */
export interface ConversationView extends Pick<
  ConversationState,
  'id' | 'access' | 'conversation' | 'participants' | 'error'
> {
  /** Its methods: `send`, `update`, `leave`, `addParticipant`, … */
  readonly actions: ParleyConversation;
}

const viewOf = ({ id, access, conversation, participants, error }: ConversationState) => ({
  id,
  access,
  conversation,
  participants,
  error,
});

/** Opens a conversation while mounted, and tells what it is and who is in it. */
export function useConversation(id: string): ConversationView {
  const actions = useParley().conversation(id);
  useOpen(actions);
  const view = useSlice(actions, viewOf, shallowEqual);
  return useMemo(() => ({ ...view, actions }), [view, actions]);
}

export interface Participants extends Pick<ConversationState, 'participants'> {
  /** Whether `loadMore` would bring more people. */
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** Why the last page did not come, or null. */
  readonly error: ParleyError | null;
  /** Reads the next 100. A second call while one runs is the same as none. Never rejects: see `error`. */
  readonly loadMore: () => Promise<void>;
}

const peopleOf = ({ participants, conversation }: ConversationState) => ({
  participants,
  hasMore: participants.length < (conversation?.participant_count ?? 0),
});

/** Who is in a conversation, longest-standing first: once it is open, all of up to 200; of larger ones page by page. */
export function useParticipants(id: string): Participants {
  const conversation = useParley().conversation(id);
  const people = useSlice(conversation, peopleOf, shallowEqual);
  const { isLoading, error, load } = usePaging(
    useCallback(() => conversation.loadParticipants(), [conversation]),
  );
  return useMemo(() => ({ ...people, isLoading, error, loadMore: load }), [people, isLoading, error, load]);
}
