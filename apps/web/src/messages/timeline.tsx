import type { ReactNode } from 'react';
import { useConversationState, useMessages, type Messages } from '@parley/react';
import { Conversation } from './list/conversation.tsx';
import { Empty, Failed, Gone, Skeleton } from './list/states.tsx';
import { TypingLine } from './list/typing-line.tsx';
import { useUnreadFrom } from './list/use-unread-from.ts';

/** The messages of a conversation, from its beginning to the newest; or why there are none. */
export function Timeline({ id }: { readonly id: string }): ReactNode {
  const messages = useMessages(id);
  return (
    <section className="timeline" aria-label="Messages">
      <Content id={id} messages={messages} />
      <TypingLine id={id} />
    </section>
  );
}

function Content({ id, messages }: { readonly id: string; readonly messages: Messages }): ReactNode {
  const access = useConversationState(id, (state) => state.access);
  const wasHeld = useConversationState(id, (state) => state.conversation !== null);
  const unreadFrom = useUnreadFrom(id, messages.isLoaded);
  if (access === 'removed' || access === 'deleted') return <Gone access={access} wasHeld={wasHeld} />;
  if (unreadFrom?.isRead === false) return <Skeleton />;
  if (messages.messages.length > 0)
    return <Conversation id={id} messages={messages} unreadFrom={unreadFrom} />;
  if (messages.error !== null) return <Failed id={id} error={messages.error} />;
  return messages.isLoaded ? <Empty id={id} /> : <Skeleton />;
}
