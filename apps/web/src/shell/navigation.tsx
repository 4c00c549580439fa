import {
  createContext,
  useCallback,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from 'react';

/** Where one is: in the app by the address' hash, `#/c/ID`; in an element of another page in memory. */
export interface Navigation {
  /** The conversation that is shown, or null. */
  readonly conversationId: string | null;
  readonly open: (conversationId: string | null) => void;
  /** The address of a conversation, for links. */
  readonly hrefOf: (conversationId: string) => string;
}

const NavigationContext = createContext<Navigation | null>(null);

export function useNavigation(): Navigation {
  const navigation = useContext(NavigationContext);
  if (navigation === null) throw new Error('There is no navigation around this component');
  return navigation;
}

const prefix = '#/c/';
const hrefOf = (conversationId: string): string => prefix + encodeURIComponent(conversationId);

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
};

function readHash(): string | null {
  const { hash } = window.location;
  if (!hash.startsWith(prefix)) return null;
  try {
    return decodeURIComponent(hash.slice(prefix.length));
  } catch {
    // Somebody's own invention.
    return null;
  }
}

export function HashNavigation({ children }: { readonly children: ReactNode }): ReactNode {
  const conversationId = useSyncExternalStore(subscribe, readHash);
  const open = useCallback((id: string | null) => {
    window.location.hash = id === null ? '#/' : hrefOf(id);
  }, []);
  const navigation = useMemo(() => ({ conversationId, open, hrefOf }), [conversationId, open]);
  return <NavigationContext value={navigation}>{children}</NavigationContext>;
}

interface MemoryNavigationProps {
  /** Where the server is: what is opened in a window of its own is the app there. */
  readonly server: string;
  /** The one conversation that is shown, and no other; null: begins with the list. */
  readonly only: string | null;
  readonly children: ReactNode;
}

export function MemoryNavigation({ server, only, children }: MemoryNavigationProps): ReactNode {
  const [opened, setOpened] = useState<string | null>(null);
  const navigation = useMemo(
    () => ({
      conversationId: only ?? opened,
      open: only === null ? setOpened : () => undefined,
      hrefOf: (id: string) => `${server}/${hrefOf(id)}`,
    }),
    [server, only, opened],
  );
  return <NavigationContext value={navigation}>{children}</NavigationContext>;
}
