import { useEffect } from 'react';
import { ParleyError, type ParleyConversation } from '@parley/client';

/** Holds a conversation open while the component is mounted. */
export function useOpen(conversation: ParleyConversation): void {
  useEffect(() => {
    conversation.open().catch((error: unknown) => {
      // What is wrong with it stands in its state, and the client tries again by itself.
      if (!(error instanceof ParleyError)) throw error;
    });
    return () => conversation.close();
  }, [conversation]);
}
