import { useCallback, useMemo, type ReactNode } from 'react';
import type { ConversationState } from '@parley/client';
import { useConversationState } from '@parley/react';
import { useIsOffline } from '../shell/use-online.ts';
import { prepared, roomLeft } from './text.ts';
import { useSecondsUntil } from '../ui/use-seconds.ts';

interface HintsProps {
  readonly id: string;
  readonly htmlId: string;
  readonly text: string;
  readonly error: string | null;
  readonly isEditing: boolean;
}

/** What there is to know while one writes: in small letters below the field, and aloud once. */
export function Hints({ id, htmlId, text, error, isEditing }: HintsProps): ReactNode {
  const isOffline = useIsOffline();
  const left = roomLeft(text);
  const isEmptyEdit = isEditing && prepared(text) === '';
  return (
    <div className="composer-hints" id={htmlId}>
      <div role="status">
        {error !== null && <p className="composer-problem">{error}</p>}
        {isEmptyEdit && <p>An empty message can’t be saved. To remove it, cancel and delete it.</p>}
        {isOffline && !isEditing && <p>Will be sent when you are back online.</p>}
        {left !== null && left < 0 && <p className="composer-problem">This is too long to be one message.</p>}
      </div>
      <Wait id={id} isOffline={isOffline} />
      {left !== null && (
        <p className={left < 0 ? 'composer-count composer-problem' : 'composer-count'}>
          {left < 0 ? `${-left} too many` : `${left} left`}
        </p>
      )}
    </div>
  );
}

/** The first message that waits because too many were sent: when it goes out, in milliseconds since 1970; or null. */
const waitOf = ({ messages }: ConversationState): number | null => {
  for (const each of messages) if (each.status === 'sending' && each.retryAt !== null) return each.retryAt;
  return null;
};

/** Counts down where everybody can see it, and says it aloud once. */
function Wait({ id, isOffline }: { readonly id: string; readonly isOffline: boolean }): ReactNode {
  const retryAt = useConversationState(id, useCallback(waitOf, []));
  const waitUntil = isOffline ? null : retryAt;
  const seconds = useSecondsUntil(waitUntil);
  const spoken = useMemo(
    () => (waitUntil === null ? '' : sentence(Math.max(1, Math.ceil((waitUntil - Date.now()) / 1000)))),
    [waitUntil],
  );
  return (
    <>
      <span className="hidden-text" role="status">
        {spoken}
      </span>
      {seconds !== null && seconds > 0 && (
        <p className="composer-wait" aria-hidden="true">
          {sentence(seconds)}
        </p>
      )}
    </>
  );
}

const sentence = (seconds: number): string => `You are sending fast. Next message in ${seconds} s.`;
