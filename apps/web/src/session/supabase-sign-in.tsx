import { useState, type ReactNode } from 'react';
import { useSurroundings } from '../shell/surroundings.ts';
import { Button } from '../ui/button.tsx';
import { Field, Notice } from './parts.tsx';
import { sentenceOfAuth, type SupabaseSession } from './supabase.ts';

interface SupabaseSignInProps {
  readonly supabase: SupabaseSession;
  readonly notice: ReactNode;
  readonly onSignedIn: () => void;
}

/** E-mail and password, or a link by e-mail. */
export function SupabaseSignIn({ supabase, notice, onSignedIn }: SupabaseSignInProps): ReactNode {
  const [sentTo, setSentTo] = useState<string | null>(null);
  if (sentTo !== null) return <CheckInbox email={sentTo} onBack={() => setSentTo(null)} />;
  return <EmailForm supabase={supabase} notice={notice} onSignedIn={onSignedIn} onSent={setSentTo} />;
}

function EmailForm({
  supabase,
  notice,
  onSignedIn,
  onSent,
}: SupabaseSignInProps & { readonly onSent: (email: string) => void }): ReactNode {
  const { isEmbedded } = useSurroundings();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [isNew, setNew] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = async <T,>(act: () => Promise<T>, done: (result: T) => void): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      done(await act());
    } catch (thrown) {
      setError(sentenceOfAuth(thrown));
    } finally {
      setBusy(false);
    }
  };
  const address = email.trim();
  const here = window.location.origin + window.location.pathname;
  const sendLink = (): void => {
    if (!looksLikeEmail(email)) return setError('Type your e-mail address first.');
    void run(
      () => supabase.sendLink(address, here),
      () => onSent(address),
    );
  };
  const signIn = (): Promise<void> => run(() => supabase.signInWithPassword(address, password), onSignedIn);
  const signUp = (): Promise<void> =>
    run(
      () => supabase.signUp(address, password, here),
      (isSignedIn) => (isSignedIn ? onSignedIn() : onSent(address)),
    );
  return (
    <>
      <h1>{isNew ? 'Create your account' : 'Sign in'}</h1>
      {error === null ? notice : <Notice text={error} />}
      <form
        className="sign-in-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!looksLikeEmail(email)) return setError('Type your e-mail address.');
          if (password === '') return setError(isNew ? 'Choose a password.' : 'Type your password.');
          void (isNew ? signUp() : signIn());
        }}
      >
        <Field
          label="E-mail"
          type="email"
          autoFocus={!isEmbedded}
          autoComplete="username"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Field
          label="Password"
          type="password"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" tone="primary" disabled={isBusy}>
          {isBusy ? 'One moment…' : isNew ? 'Create account' : 'Sign in'}
        </Button>
        <button
          type="button"
          className="sign-in-switch"
          onClick={() => {
            setNew(!isNew);
            setError(null);
          }}
        >
          {isNew ? 'Sign in with an account you have' : 'New here? Create an account'}
        </button>
        {/* The link of an e-mail leads to a page of its own, which an element of another page is not. */}
        {!isEmbedded && (
          <>
            <p className="sign-in-or">or</p>
            <Button disabled={isBusy} onClick={sendLink}>
              E-mail me a link instead
            </Button>
          </>
        )}
      </form>
    </>
  );
}

function CheckInbox({ email, onBack }: { readonly email: string; readonly onBack: () => void }): ReactNode {
  return (
    <div className="sign-in-form" role="status">
      <h1>Check your inbox</h1>
      <p>
        A link is on its way to <bdi className="sign-in-address">{email}</bdi>. Open it where you want to be
        signed in.
      </p>
      {/* Supabase sends nothing for an account that exists, and does not say so: nobody is to find out who has one. */}
      <p>Nothing there? Look in the spam folder. If you already have an account, sign in with that.</p>
      <Button autoFocus onClick={onBack}>
        Use another address
      </Button>
    </div>
  );
}

const looksLikeEmail = (text: string): boolean => /^\S+@\S+$/.test(text.trim());
