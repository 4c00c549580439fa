import { useEffect, useState, type ReactNode } from 'react';
import { useConnection, useParley } from '@parley/react';
import { useSecondsUntil } from '../ui/use-seconds.ts';
import { useAccount } from './account-context.ts';
import { shownOf, spokenOf, troubleOf, type Trouble } from './connection-trouble.ts';
import { useIsOnline } from './use-online.ts';

/** Milliseconds of trouble before anything is said of it: most of it is over by then. */
const patienceMs = 1000;

/** A strip above everything else that says what is wrong with the connection, and what can be done. */
export function ConnectionBanner(): ReactNode {
  const trouble = useLastingTrouble();
  // What is closing keeps its words.
  const [last, setLast] = useState(trouble);
  if (trouble !== null && trouble.kind !== last?.kind) setLast(trouble);
  const shown = trouble ?? last;
  return (
    <section className="banner" aria-label="Connection" data-open={trouble === null ? undefined : ''}>
      <p className="hidden-text" role="status">
        {spokenOf(trouble, last !== null && last.kind !== 'connecting')}
      </p>
      <div className="banner-fold" inert={trouble === null}>
        {shown !== null && <Strip trouble={shown} />}
      </div>
    </section>
  );
}

function Strip({ trouble }: { readonly trouble: Trouble }): ReactNode {
  const seconds = useSecondsUntil('retryAt' in trouble ? trouble.retryAt : null) ?? 0;
  return (
    <div className="banner-strip">
      {trouble.kind !== 'refused' && <span className="banner-sign" aria-hidden="true" />}
      <p className="one-line">{shownOf(trouble, seconds)}</p>
      <Way kind={trouble.kind} />
    </div>
  );
}

/** What somebody can do about it. */
function Way({ kind }: { readonly kind: Trouble['kind'] }): ReactNode {
  const parley = useParley();
  const { signOut } = useAccount();
  if (kind === 'waiting' || kind === 'reconnecting')
    return (
      <button type="button" className="banner-button" onClick={() => parley.wake()}>
        Try now
      </button>
    );
  if (kind !== 'refused') return null;
  // Where the page around decides who is signed in, it may have another token by now.
  const again = signOut ?? (() => void parley.connect().catch(() => undefined));
  return (
    <button type="button" className="banner-button" onClick={again}>
      {signOut === null ? 'Try again' : 'Sign in'}
    </button>
  );
}

/** Null for the first second of trouble; from then on whatever it becomes. */
function useLastingTrouble(): Trouble | null {
  const state = useConnection();
  const isOnline = useIsOnline();
  const [wasLive, setWasLive] = useState(false);
  if (state.status === 'live' && !wasLive) setWasLive(true);
  const trouble = troubleOf(state, isOnline, wasLive);
  const isWell = trouble === null;
  const [isLasting, setLasting] = useState(false);
  useEffect(() => {
    if (isWell) return undefined;
    const timer = setTimeout(() => setLasting(true), patienceMs);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [isWell]);
  return isLasting ? trouble : null;
}
