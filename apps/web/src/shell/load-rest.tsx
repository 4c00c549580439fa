import { useEffect, type ReactNode } from 'react';
import { useConnection, useConversationState } from '@parley/react';
import type { ConversationState } from '@parley/client';
import { loadLateParts, preload } from '../ui/late.tsx';
import { loadConversationPage } from './lazy-conversation.ts';
import { useNavigation } from './navigation.tsx';

/** Milliseconds that everything asked for has been there. */
const calmMs = 3000;

/** So that menus and dialogs open at once, and without a connection, too. */
const loadRest = (): Promise<unknown> => loadConversationPage().then(loadLateParts);

/** Loads the rest of the app once it is in nobody's way: on a slow line, that is long after the page itself. */
export function LoadRest(): ReactNode {
  const { conversationId } = useNavigation();
  return conversationId === null ? <LoadWhenLive /> : <LoadBeside id={conversationId} />;
}

const isSettled = ({ isLoaded, access, error }: ConversationState): boolean =>
  isLoaded || error !== null || access === 'removed' || access === 'deleted';

function LoadBeside({ id }: { readonly id: string }): ReactNode {
  return useConversationState(id, isSettled) && <LoadWhenLive />;
}

function LoadWhenLive(): ReactNode {
  const isLive = useConnection().status === 'live';
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setTimeout(() => preload(loadRest), calmMs);
    return () => clearTimeout(timer);
  }, [isLive]);
  return null;
}
