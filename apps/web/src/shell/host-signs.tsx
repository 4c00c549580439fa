import { useEffect } from 'react';
import { useParley, useUnread } from '@parley/react';
import { useSurroundings } from './surroundings.ts';

/** What the page around the element gets to know: what is unread, and what goes wrong. */
export function HostSigns(): null {
  const { onUnread, onError } = useSurroundings();
  const parley = useParley();
  const { messages, conversations } = useUnread();
  useEffect(() => onUnread?.({ messages, conversations }), [onUnread, messages, conversations]);
  useEffect(
    () =>
      parley.on('connection', (state) => {
        if (state.status === 'waiting' || state.status === 'refused') onError?.(state.error);
      }),
    [parley, onError],
  );
  return null;
}
