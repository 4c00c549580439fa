import type { ReactNode } from 'react';
import type { AnyMessage } from '@parley/client';
import { formatFull, formatTime } from '../../ui/format.ts';

/** What the system says: in the middle, as nobody's. */
export const SystemMessage = ({ message }: { readonly message: AnyMessage }): ReactNode => (
  <article
    aria-label={`Notice, ${formatTime(message.created_at)}`}
    tabIndex={-1}
    className="system-message"
    data-key={message.key}
    title={formatFull(message.created_at)}
  >
    <p dir="auto">{message.seq !== null && message.is_deleted ? 'Message deleted' : message.content}</p>
  </article>
);
