import { Suspense, useEffect, useRef, type ReactNode, type RefObject } from 'react';
import { Sidebar } from '../conversations/sidebar.tsx';
import { focusedNear } from '../ui/focus.ts';
import { AccountBar } from './account-bar.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { ConversationPage, loadConversationPage } from './lazy-conversation.ts';
import { useNavigation } from './navigation.tsx';
import { LoadRest } from './load-rest.tsx';
import { preload } from '../ui/late.tsx';
import { useShortcut } from './shortcuts.tsx';
import { useSurroundings } from './surroundings.ts';
import { Welcome } from './welcome.tsx';

const preloadPage = (): void => preload(loadConversationPage);

/** The list and the conversation, side by side; where there is little room, one of them. */
export function Panes(): ReactNode {
  const { conversationId } = useNavigation();
  const { only } = useSurroundings();
  const frame = useRef<HTMLDivElement>(null);
  const side = useRef<HTMLDivElement>(null);
  const main = useRef<HTMLDivElement>(null);
  useBackKey(side, main);
  useKeptFocus(frame, side);
  return (
    <div className="shell-frame" ref={frame}>
      {conversationId !== null && (
        <button type="button" className="skip-link" onClick={() => focusMessages(main.current)}>
          Skip to messages
        </button>
      )}
      <ConnectionBanner />
      <LoadRest />
      <div
        className="shell"
        // Without a conversation, which is the main thing otherwise, the list is: in a narrow window it is all there is.
        {...(conversationId === null && { role: 'main' })}
        data-pane={conversationId === null ? 'list' : 'conversation'}
        data-only={only === null ? undefined : ''}
      >
        {only === null && (
          <div className="shell-side" ref={side} onPointerEnter={preloadPage} onFocus={preloadPage}>
            <Sidebar foot={<AccountBar />} />
          </div>
        )}
        <div className="shell-main" ref={main} tabIndex={-1}>
          {conversationId === null ? (
            <Welcome />
          ) : (
            <Suspense>
              <ConversationPage key={conversationId} id={conversationId} />
            </Suspense>
          )}
        </div>
      </div>
    </div>
  );
}

/** To what is read, which can be scrolled from there. */
function focusMessages(main: HTMLElement | null): void {
  const messages = main?.querySelector<HTMLElement>('[role="log"][tabindex], [role="feed"][tabindex]');
  (messages ?? main)?.focus();
}

/** Escape: back to the list where that is hidden; else out of the field, so that letters are shortcuts again. */
function useBackKey(side: RefObject<HTMLElement | null>, main: RefObject<HTMLElement | null>): void {
  const { conversationId, open } = useNavigation();
  useShortcut({ keys: 'Escape', label: 'Back, or out of a field', group: 'General' }, () => {
    const isListHidden = side.current !== null && side.current.offsetParent === null;
    if (conversationId !== null && isListHidden) open(null);
    else if (focusedNear(main.current)?.matches('input, textarea') === true) focusMessages(main.current);
    else return false;
    return true;
  });
}

/** Where the focus was in a conversation that is left, it goes to its row in the list. */
function useKeptFocus(frame: RefObject<HTMLElement | null>, side: RefObject<HTMLElement | null>): void {
  const { conversationId } = useNavigation();
  const last = useRef(conversationId);
  useEffect(() => {
    const left = last.current;
    last.current = conversationId;
    if (conversationId !== null || left === null || hasSeenFocus(frame.current)) return;
    const row = side.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(left)}"]`);
    (row ?? side.current?.querySelector<HTMLElement>('[data-row]'))?.focus();
  }, [conversationId, frame, side]);
}

/** What has just been hidden still has the focus until the page is laid out. */
const hasSeenFocus = (near: HTMLElement | null): boolean => focusedNear(near)?.checkVisibility() === true;
