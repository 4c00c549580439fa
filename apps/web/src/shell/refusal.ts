import { useEffect } from 'react';
import { useConnection } from '@parley/react';

interface RefusalProps {
  readonly refuse: ((reason: string) => void) | null;
}

/** Milliseconds for a fresh token to mend it. */
const patienceMs = 2500;

/** Back to signing in, when the server goes on refusing the token. */
export function Refusal({ refuse }: RefusalProps): null {
  const isRefused = useConnection().status === 'refused';
  useEffect(() => {
    if (!isRefused || refuse === null) return undefined;
    const timer = setTimeout(() => refuse('You have been signed out. Sign in again to go on.'), patienceMs);
    return () => clearTimeout(timer);
  }, [isRefused, refuse]);
  return null;
}
