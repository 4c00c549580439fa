import { useEffect, useMemo, useState } from 'react';
import { bearerOf, type Message, type Parley, type ParleyOptions } from '@parley/client';
import { useCell } from './cell.ts';
import { MessagingSession, type MessagingState, type Token } from './messaging-session.ts';

/** What the specification's own `useMessaging` answers, and the client underneath. */
export interface Messaging extends MessagingState {
  /** Resolves once it is sent, however long that takes. @throws ParleyError if it is refused */
  readonly sendMessage: (conversationId: string, content: string) => Promise<Message>;
  /** Typing and status of this conversation are told from now on. */
  readonly joinConversation: (conversationId: string) => void;
  readonly startTyping: (conversationId: string) => void;
  readonly stopTyping: (conversationId: string) => void;
  /** Everything else; hand it to a `ParleyProvider` with `connect={false}` to use the other hooks, too. */
  readonly parley: Parley;
}

export interface MessagingOptions extends Partial<Omit<ParleyOptions, 'getToken'>> {}

/**
 * The specification's example hook, on a client that reconnects, catches up and never loses a message. It needs no provider.
 * The functions stay the same for as long as the person does.
 *
 * `token`: a valid one, or a function that answers one. A fresh string for the same person goes on; one for somebody else
 * begins anew. Functions are taken to be for the same person: give the component another `key` to change that.
 * Options are read once, but for `url`: without one, the page's own server. @throws Error without `url` outside of browsers
 */
export function useMessaging(token: Token, options: MessagingOptions = {}): Messaging {
  const session = useSession(token, options);
  useEffect(() => session.renew(token), [session, token]);
  useEffect(() => session.start(), [session]);
  const state = useCell(session.state);
  const ways = useMemo(() => {
    const { parley } = session;
    return {
      parley,
      sendMessage: (id: string, content: string) => parley.conversation(id).send(content),
      joinConversation: (id: string) => session.join(id),
      startTyping: (id: string) => parley.conversation(id).typing(),
      stopTyping: (id: string) => parley.conversation(id).typing(false),
    };
  }, [session]);
  return useMemo(() => ({ ...state, ...ways }), [state, ways]);
}

/** Another one for another person or server. */
function useSession(token: Token, options: MessagingOptions): MessagingSession {
  const url = options.url ?? pageOrigin();
  const whose = typeof token === 'string' ? (bearerOf(token) ?? token) : null;
  const make = () => ({ url, whose, session: new MessagingSession(token, { ...options, url }) });
  const [made, setMade] = useState(make);
  if (made.url === url && made.whose === whose) return made.session;
  const next = make();
  setMade(next);
  return next.session;
}

/** Empty where there is none: servers render pages, too, and don't connect. */
function pageOrigin(): string {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- browsers have it
  const { location } = globalThis as { readonly location?: { readonly origin: string } };
  return location?.origin ?? '';
}
