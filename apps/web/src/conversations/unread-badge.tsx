import type { ReactNode } from 'react';

/** How many messages are unread. */
export const UnreadBadge = ({ count }: { readonly count: number }): ReactNode => (
  <span className="row-badge" dir="ltr">
    {count > 99 ? '99+' : count}
    <span className="hidden-text"> unread</span>
  </span>
);
