import { useEffect, useState, type ReactNode } from 'react';
import { useSurroundings } from '../shell/surroundings.ts';
import { isFramed } from './host-page.ts';

/** Milliseconds after which a page that hands over no token is taken for one that won't. */
const patienceMs = 8000;

/** Nobody signs in here: the page around the app does it. */
export function TokenSignIn({ notice }: { readonly notice: ReactNode }): ReactNode {
  const { isEmbedded } = useSurroundings();
  const [isWaiting, setWaiting] = useState(isEmbedded || isFramed());
  useEffect(() => {
    const timer = setTimeout(() => setWaiting(false), patienceMs);
    return () => clearTimeout(timer);
  }, []);
  if (isWaiting) return <p className="sign-in-loading">Signing you in…</p>;
  return (
    <>
      <div>
        <h1>Open the chat from your app</h1>
        <p>You sign in there, and the chat knows you. On its own, this page can’t tell who you are.</p>
      </div>
      {notice}
      <details className="sign-in-details">
        <summary>For developers</summary>
        <p>
          Put <code>{'<parley-chat>'}</code> into your page and give it <code>getToken</code>. Or show this
          page in a frame: it posts <code>{"{type: 'parley:ready'}"}</code>, and later{' '}
          <code>{"{type: 'parley:get-token'}"}</code>, to pages of the server’s <code>CORS_ORIGINS</code>.
          Answer each by <code>{"{type: 'parley:token', token}"}</code>.
        </p>
      </details>
    </>
  );
}
