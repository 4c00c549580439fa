import { useCallback, useEffect, useMemo } from 'react';
import type { ConversationState, ParleyState, Participant, UserStatus } from '@parley/client';
import { useParley } from './provider.ts';
import { shallowEqual, useSame } from './select.ts';
import { useParleyState, useSlice } from './state.ts';
import { watcherOf } from './watcher.ts';

export interface Typing {
  /** Others who are typing, by what is known of them. */
  readonly typing: readonly Participant[];
  /** Their ids; in a large conversation also those of whom nothing else is known. */
  readonly userIds: readonly string[];
  /** Call it on each key: the others see you typing until you send, or for 5 s. */
  readonly onType: () => void;
  readonly stop: () => void;
}

const nobody: readonly Participant[] = [];
const idsOf = ({ typing }: ConversationState): readonly string[] => typing;
const typingOf = ({ typing, participants }: ConversationState): readonly Participant[] =>
  typing.length === 0 ? nobody : participants.filter(({ user_id: id }) => typing.includes(id));

/** Who is typing in a conversation that is open, and the way to say that you are. For the latter alone, see `useSend`. */
export function useTyping(id: string): Typing {
  const conversation = useParley().conversation(id);
  const typing = useSlice(conversation, typingOf, shallowEqual);
  const userIds = useSlice(conversation, idsOf);
  const ways = useMemo(
    () => ({ onType: () => conversation.typing(), stop: () => conversation.typing(false) }),
    [conversation],
  );
  return useMemo(() => ({ typing, userIds, ...ways }), [typing, userIds, ways]);
}

/** What was read again says the same by other objects. */
const sameStatuses = (a: readonly UserStatus[], b: readonly UserStatus[]): boolean =>
  a.length === b.length && a.every((status, n) => shallowEqual<object>(status, b[n] ?? nothing));
const nothing: object = {};

/**
 * How these people are; kept up to date while mounted, of the 100 that were asked for last. Who is not known yet is missing
 * from the map. What components ask for at once is one request.
 */
export function usePresence(userIds: readonly string[]): ReadonlyMap<string, UserStatus> {
  const parley = useParley();
  const ids = useSame([...new Set(userIds)].sort());
  useEffect(() => watcherOf(parley).add(ids), [parley, ids]);
  const statuses = useParleyState(
    useCallback(
      (state: ParleyState) =>
        ids.map((id) => state.statuses.get(id)).filter((status) => status !== undefined),
      [ids],
    ),
    sameStatuses,
  );
  return useMemo(() => new Map(statuses.map((status) => [status.user_id, status])), [statuses]);
}
