import { createContext, useContext, useState, type ReactNode } from 'react';

const PortalContext = createContext<HTMLElement | null>(null);

/** Where dialogs and menus go: inside the app's own root, so that its styles reach them in a shadow root, too. */
export const usePortalRoot = (): HTMLElement | null => useContext(PortalContext);

const DirectionContext = createContext<'ltr' | 'rtl'>('ltr');

/** For Radix, which doesn't look at the page. */
export const useDirection = (): 'ltr' | 'rtl' => useContext(DirectionContext);

interface RootProps {
  readonly theme?: string | undefined;
  readonly dir?: 'ltr' | 'rtl';
  readonly children: ReactNode;
}

/** The root of everything. */
export function Root({ theme, dir = 'ltr', children }: RootProps): ReactNode {
  const [root, setRoot] = useState<HTMLElement | null>(null);
  return (
    <div className="parley" ref={setRoot} data-theme={theme} dir={dir}>
      <PortalContext value={root}>
        <DirectionContext value={dir}>{root !== null && children}</DirectionContext>
      </PortalContext>
    </div>
  );
}
