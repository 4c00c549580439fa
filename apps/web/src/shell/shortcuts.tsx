import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useEffectEvent,
  useMemo,
  useState,
  type ReactNode,
} from 'react';
import { usePortalRoot } from '../ui/portal.tsx';
import { singleKeys } from './choices.ts';
import type { Shortcut } from './shortcut-keys.ts';
import { ShortcutRegistry, type ShortcutHandler } from './shortcut-registry.ts';
import { late } from '../ui/late.tsx';

const ShortcutsSheet = late(() => import('./shortcuts-sheet.tsx'));

interface Shortcuts {
  readonly registry: ShortcutRegistry;
  /** Opens the sheet that lists them all. */
  readonly show: () => void;
}

const ShortcutsContext = createContext<Shortcuts | null>(null);

/** @throws Error outside of `ShortcutsProvider` */
export function useShortcuts(): Shortcuts {
  const shortcuts = useContext(ShortcutsContext);
  if (shortcuts === null) throw new Error('There is no ShortcutsProvider around this component');
  return shortcuts;
}

/**
 * A key or several at once that do something while this component is there, wherever the focus is; the sheet lists it.
 * A single sign does nothing while somebody types, and none does while a dialog or a menu is open.
 */
export function useShortcut({ keys, label, group }: Shortcut, handler: ShortcutHandler): void {
  const { registry } = useShortcuts();
  const onKey = useEffectEvent((event: KeyboardEvent) => handler(event));
  useEffect(
    () => registry.add({ keys, label, group }, (event) => onKey(event)),
    [registry, keys, label, group],
  );
}

/** Hears the keys for all below it. */
export function ShortcutsProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const root = usePortalRoot();
  const [registry] = useState(() => new ShortcutRegistry());
  const [isShown, setShown] = useState(false);
  const show = useCallback(() => setShown(true), []);
  const shortcuts = useMemo(() => ({ registry, show }), [registry, show]);
  useEffect(() => {
    if (root === null) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!isForUs(event, root) || hasOverlay(root)) return;
      if (registry.dispatch(event, { singles: singleKeys.get() === 'on' && !isTyping(event) }))
        event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [root, registry]);
  return (
    <ShortcutsContext value={shortcuts}>
      <ShowSheet />
      {children}
      {isShown && <ShortcutsSheet shortcuts={registry.list()} onClose={() => setShown(false)} />}
    </ShortcutsContext>
  );
}

function ShowSheet(): null {
  const { show } = useShortcuts();
  useShortcut({ keys: '?', label: 'Show this list', group: 'General' }, show);
  return null;
}

/** In another page only what is pressed inside of the app is for it. */
function isForUs(event: KeyboardEvent, root: HTMLElement): boolean {
  if (event.defaultPrevented || event.isComposing) return false;
  return root.getRootNode() instanceof Document || event.composedPath().includes(root);
}

const hasOverlay = (root: HTMLElement): boolean =>
  root.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;

/** Inputs that take no text, such as check boxes, are no hindrance. */
const fields =
  'textarea, select, [contenteditable]:not([contenteditable="false"]), input:not([type="checkbox"], [type="radio"], [type="button"], [type="file"], [type="range"])';

function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return target instanceof Element && target.closest(fields) !== null;
}
