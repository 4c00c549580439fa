import { useMemo } from 'react';
import {
  initialConversationState,
  initialState,
  type ConversationState,
  type ParleyConversation,
  type ParleyState,
} from '@parley/client';
import { useParley } from './provider.ts';
import { useSelector } from './select.ts';

/** What `selector` picks of the client's state. For what is made anew by each call, give `isEqual`. */
export function useParleyState<T>(selector: (state: ParleyState) => T, isEqual?: (a: T, b: T) => boolean): T {
  return useSelector(useParley(), initialState, selector, isEqual);
}

export function useSlice<T>(
  conversation: ParleyConversation,
  selector: (state: ConversationState) => T,
  isEqual?: (a: T, b: T) => boolean,
): T {
  const initial = useMemo(() => ({ ...initialConversationState, id: conversation.id }), [conversation]);
  return useSelector(conversation, initial, selector, isEqual);
}

/** What `selector` picks of a conversation's state, without opening it. For objects made anew give `isEqual`. */
export function useConversationState<T>(
  id: string,
  selector: (state: ConversationState) => T,
  isEqual?: (a: T, b: T) => boolean,
): T {
  return useSlice(useParley().conversation(id), selector, isEqual);
}
