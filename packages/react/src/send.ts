import { useMemo } from 'react';
import type { AnyMessage, Message, ParleyConversation } from '@parley/client';
import { useParley } from './provider.ts';

/** The ways to write into a conversation; the same object as long as the conversation is. */
export interface Send extends Pick<ParleyConversation, 'send' | 'editMessage' | 'deleteMessage' | 'typing'> {
  /** Sends a failed message again. @throws ParleyError if it is refused again */
  readonly retry: (message: AnyMessage) => Promise<Message>;
  /** Forgets a failed message, or one that is on its way. */
  readonly discard: (message: AnyMessage) => void;
}

/** Sends, edits and deletes. A message shows at once in `useMessages`, and ends there as sent, or as failed with the reason. */
export function useSend(id: string): Send {
  const conversation = useParley().conversation(id);
  return useMemo(
    () => ({
      send: (message) => conversation.send(message),
      editMessage: (messageId, content) => conversation.editMessage(messageId, content),
      deleteMessage: (messageId) => conversation.deleteMessage(messageId),
      typing: (on) => conversation.typing(on),
      retry: (message) => conversation.retry(message),
      discard: (message) => conversation.discard(message),
    }),
    [conversation],
  );
}
