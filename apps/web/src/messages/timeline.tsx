import type { ReactNode } from 'react';
import { useConversationState, useMessages, type Messages } from '@parley/react';
import { Conversation } from './list/conversation.tsx';
import { Skeleton } from './list/skeleton.tsx';
import { TypingLine } from './list/typing-line.tsx';
import { useUnreadFrom } from './list/use-unread-from.ts';
import { late } from '../ui/late.tsx';

const NoMessages = late(
  () => import('./list/no-messages.tsx'),
  () => <Skeleton />,
);

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
  const isGone = access === 'removed' || access === 'deleted';
  if (!isGone && unreadFrom?.isRead === false) return <Skeleton />;
  if (!isGone && messages.messages.length > 0)
    return <Conversation id={id} messages={messages} unreadFrom={unreadFrom} />;
  return isGone || messages.isLoaded || messages.error !== null ? (
    <NoMessages id={id} access={access} wasHeld={wasHeld} error={messages.error} />
  ) : (
    <Skeleton />
  );
}
