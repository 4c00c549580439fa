import { Suspense, lazy, useEffect, type ReactNode } from 'react';
import type { GetToken } from '@parley/client';
import { useSession } from './session/use-session.ts';
import { useChoice } from './shell/choice.ts';
import { theme } from './shell/choices.ts';
import { ErrorBoundary } from './shell/error-boundary.tsx';
import { loadConversationPage } from './shell/lazy-conversation.ts';
import { useNavigation } from './shell/navigation.tsx';
import { SurroundingsContext, type Surroundings } from './shell/surroundings.ts';
import { preload } from './ui/late.tsx';
import { Root } from './ui/portal.tsx';
import { ToastProvider } from './ui/toast.tsx';

const loadChat = () => import('./shell/chat.tsx');
const Chat = lazy(loadChat);
const SignIn = lazy(() => import('./session/sign-in.tsx'));
const preloadChat = (): void => preload(loadChat);

interface AppProps {
  /** Where the server is, without a slash at the end. */
  readonly server: string;
  /** By the page around an element: then nobody signs in here. */
  readonly getToken?: GetToken | null;
  readonly surroundings: Surroundings;
}

/** The whole app: somebody signs in, then talks. */
export function App({ server, getToken = null, surroundings }: AppProps): ReactNode {
  const { isEmbedded, dir } = surroundings;
  const session = useSession(server, getToken, !isEmbedded);
  const chosen = useChoice(theme);
  const isOneOpen = useNavigation().conversationId !== null;
  useEffect(() => {
    // Beside the rest of the app, not after it.
    if (isOneOpen) preload(loadConversationPage);
  }, [isOneOpen]);
  const own = isEmbedded || chosen === 'system' ? undefined : chosen;
  return (
    <SurroundingsContext value={surroundings}>
      <Root theme={surroundings.theme ?? own} dir={dir}>
        <ToastProvider>
          <ErrorBoundary>
            <Suspense>
              {session.status === 'signed-in' ? (
                <Chat key={session.account.key} account={session.account} refuse={session.refuse} />
              ) : (
                <SignIn session={session} onShown={preloadChat} />
              )}
            </Suspense>
          </ErrorBoundary>
        </ToastProvider>
      </Root>
    </SurroundingsContext>
  );
}
