import { useEffect, useEffectEvent } from 'react';
import type { Message, Parley } from '@parley/client';
import { useParley } from '@parley/react';
import { notifications } from './choices.ts';
import { claim } from './claim.ts';
import { isNews, notificationOf } from './notifying.ts';
import { useNavigation } from './navigation.tsx';
import { mayNotify } from './use-notification-choice.ts';

/** Shows new messages of others on the desktop, if that was chosen, unless somebody is looking at them. */
export function useNotifications(): void {
  const parley = useParley();
  const { conversationId, open } = useNavigation();
  const onMessage = useEffectEvent(async (message: Message) => {
    const { userId } = parley.getSnapshot();
    if (
      notifications.get() === 'off' ||
      !mayNotify() ||
      !isNews(message, conversationOf(parley, message), userId)
    )
      return;
    const isSeen = document.hasFocus() && message.conversation_id === conversationId;
    const mayShow = await claim(`parley:notified:${userId ?? ''}:${message.id}`, isSeen);
    if (mayShow && !isSeen) show(parley, message, () => open(message.conversation_id));
  });
  useEffect(
    () =>
      parley.on('new_message', ({ message }) => {
        onMessage(message).catch(() => undefined);
      }),
    [parley],
  );
}

const conversationOf = (parley: Parley, message: Message) =>
  parley.conversation(message.conversation_id).getSnapshot().conversation;

function show(parley: Parley, message: Message, open: () => void): void {
  const { userId } = parley.getSnapshot();
  const { title, body } = notificationOf(message, conversationOf(parley, message), userId);
  // Two people of one browser have each their own.
  const tag = `parley ${userId ?? ''} ${message.id}`;
  const notification = new Notification(title, { body, tag, dir: 'auto', icon: '/favicon.svg' });
  notification.addEventListener('click', () => {
    window.focus();
    open();
    notification.close();
  });
}
