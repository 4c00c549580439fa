import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { useSecondsUntil } from '../ui/use-seconds.ts';

interface UnreachableProps {
  /** Milliseconds since 1970. */
  readonly retryAt: number;
  readonly onRetry: () => void;
}

/** The server does not answer, and nobody was signed in. */
export function Unreachable({ retryAt, onRetry }: UnreachableProps): ReactNode {
  const seconds = useSecondsUntil(retryAt) ?? 0;
  return (
    <>
      <div role="status">
        <h1>Can’t reach the chat</h1>
        <p>Your connection or the server is down. This page tries again by itself.</p>
      </div>
      <div className="sign-in-retry">
        <Button tone="primary" icon="retry" onClick={onRetry}>
          Try again
        </Button>
        <span>{seconds > 0 ? `Next try in ${seconds} s` : 'Trying…'}</span>
      </div>
    </>
  );
}
