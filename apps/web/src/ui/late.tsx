import { useEffect, useState, type ComponentType, type ReactNode } from 'react';
import { useToasts } from './toast.tsx';

interface Closable {
  readonly onClose?: () => void;
}

const loaders = new Set<() => Promise<unknown>>();
/** Milliseconds before a part that can't be closed is asked for again. */
const retryMs = 2000;

/**
 * A part of the app that is loaded when it is first shown. Without a connection it can't be: then it says so and closes, or,
 * if there is nothing to close, tries again; the rest of the app goes on. `waiting` is shown until it is there;
 * `isLight`: small enough for `loadLateParts`.
 */
export function late<Props extends object>(
  load: () => Promise<{ readonly default: ComponentType<Props> }>,
  waiting: (props: Props) => ReactNode = () => null,
  isLight = true,
): ComponentType<Props & Closable> {
  let loaded: ComponentType<Props> | null = null;
  const get = async (): Promise<ComponentType<Props>> => (loaded ??= (await load()).default);
  if (isLight) loaders.add(get);
  return function Late(props: Props & Closable): ReactNode {
    const [Part, setPart] = useState(() => loaded);
    const [tries, setTries] = useState(0);
    const { say } = useToasts();
    const { onClose } = props;
    useEffect(() => {
      if (Part !== null) return undefined;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let isWanted = true;
      const fail = (): void => {
        if (!isWanted) return;
        if (onClose === undefined) timer = setTimeout(() => setTries(tries + 1), retryMs);
        else {
          say('This could not be loaded. Try again when you are back online, or load the page anew.');
          onClose();
        }
      };
      get().then((part) => isWanted && setPart(() => part), fail);
      return () => {
        isWanted = false;
        clearTimeout(timer);
      };
    }, [Part, tries, onClose, say]);
    return Part === null ? waiting(props) : <Part {...props} />;
  };
}

/** Loads every such part, for when there may be no connection later. */
export const loadLateParts = (): Promise<unknown> => Promise.allSettled([...loaders].map((load) => load()));

/** Begins to load what somebody is near to. Without a connection it can't be: whoever needs it asks again. */
export const preload = (load: () => Promise<unknown>): void => void load().catch(() => undefined);
