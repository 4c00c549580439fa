import { createContext, useContext } from 'react';

/** Where the app is: it has a window to itself, or is an element of another page. */
export interface Surroundings {
  /** The title, the address and notifications are then the page's affair. */
  readonly isEmbedded: boolean;
  /** What the page decides; null: each person does. */
  readonly theme: 'light' | 'dark' | null;
  readonly dir: 'ltr' | 'rtl';
  /** The one conversation that is shown, without the list; null: all of them. */
  readonly only: string | null;
  readonly onUnread?: (unread: { readonly messages: number; readonly conversations: number }) => void;
  readonly onError?: (error: Error) => void;
}

export const SurroundingsContext = createContext<Surroundings>({
  isEmbedded: false,
  theme: null,
  dir: 'ltr',
  only: null,
});

export const useSurroundings = (): Surroundings => useContext(SurroundingsContext);
