import type { ReactNode } from 'react';
import type { AnyMessage } from '@parley/client';
import { useSend } from '@parley/react';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { useSecondsUntil } from '../../ui/use-seconds.ts';

const marks = {
  sending: ['clock', 'Sending'],
  sent: ['check', 'Sent'],
  delivered: ['checks', 'Delivered'],
  read: ['checks', 'Read'],
  failed: ['error', 'Not sent'],
} as const satisfies Record<AnyMessage['status'], readonly [IconName, string]>;

/** How far an own message came. */
export function StatusMark({ message }: { readonly message: AnyMessage }): ReactNode {
  const [icon, name] = marks[message.status];
  const retryAt = message.status === 'sending' ? message.retryAt : null;
  const seconds = useSecondsUntil(retryAt) ?? 0;
  return (
    <span className={`mark mark-${message.status}`}>
      {seconds > 0 && <span className="mark-wait">Waiting {seconds} s</span>}
      <span title={name}>
        <Icon name={icon} size={16} />
        <span className="hidden-text">{name}</span>
      </span>
    </span>
  );
}

/** Why a message was refused, and what to do about it. */
export function FailedNote({
  message,
}: {
  readonly message: Extract<AnyMessage, { status: 'failed' }>;
}): ReactNode {
  const { retry, discard } = useSend(message.conversation_id);
  return (
    <div className="bubble-failed" role="group" aria-label="Not sent">
      <Icon name="error" size={16} />
      <span>{message.error.message}</span>
      <button type="button" onClick={() => void retry(message).catch(() => undefined)}>
        Retry
      </button>
      <button type="button" onClick={() => discard(message)}>
        Discard
      </button>
    </div>
  );
}
