import { useEffect, type ReactNode } from 'react';
import { DemoSignIn } from './demo-sign-in.tsx';
import { Brand, Notice } from './parts.tsx';
import type { Session } from './session.ts';
import { SupabaseSignIn } from './supabase-sign-in.tsx';
import { TokenSignIn } from './token-sign-in.tsx';
import { Unreachable } from './unreachable.tsx';

interface SignInProps {
  readonly session: Exclude<Session, { status: 'signed-in' }>;
  /** What comes next is loaded meanwhile. */
  readonly onShown: () => void;
}

/** What somebody sees who is not signed in. */
export default function SignIn({ session, onShown }: SignInProps): ReactNode {
  useEffect(onShown, [onShown]);
  return (
    <div className="sign-in">
      <main className="sign-in-card">
        <Brand />
        <Step session={session} />
      </main>
    </div>
  );
}

function Step({ session }: Pick<SignInProps, 'session'>): ReactNode {
  if (session.status === 'loading') return <p className="sign-in-loading">Loading…</p>;
  if (session.status === 'unreachable')
    return <Unreachable retryAt={session.retryAt} onRetry={session.retry} />;
  const { way, reason, server } = session;
  const notice = reason !== null && <Notice text={reason} />;
  if (way.kind === 'demo') return <DemoSignIn server={server} notice={notice} onSignIn={way.signIn} />;
  if (way.kind === 'supabase')
    return <SupabaseSignIn supabase={way.supabase} notice={notice} onSignedIn={way.onSignedIn} />;
  return <TokenSignIn notice={notice} />;
}
