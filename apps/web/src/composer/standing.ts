import { useCallback } from 'react';
import type { ConversationState } from '@parley/client';
import { useConversationState, useUserId } from '@parley/react';

/** Whether one may write in a conversation, and why not. In an archived one, one may. */
export type Standing = 'may-write' | 'muted' | 'gone' | 'unreadable';

type Facts = Pick<ConversationState, 'access' | 'participants' | 'messages' | 'error'>;

export function standingOf(
  { access, participants, messages, error }: Facts,
  userId: string | null,
): Standing {
  if (access === 'unknown' && error !== null) return 'unreadable';
  if (access === 'removed' || access === 'deleted') return 'gone';
  const self = participants.find((each) => each.user_id === userId);
  if (self !== undefined) return self.is_muted ? 'muted' : 'may-write';
  // Of large conversations not everybody is known; the server's refusal tells it, too.
  const last = messages.findLast((each) => each.sender_id === userId);
  return last?.status === 'failed' && last.error.code === 'muted' ? 'muted' : 'may-write';
}

export function useStanding(id: string): Standing {
  const userId = useUserId();
  return useConversationState(
    id,
    useCallback((state: ConversationState) => standingOf(state, userId), [userId]),
  );
}
