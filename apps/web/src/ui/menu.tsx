import { useState, type ReactNode } from 'react';
import type { IconName } from './icons.tsx';
import { IconButton } from './button.tsx';
import { late, preload } from './late.tsx';

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  /** Stands in place of the icon. */
  readonly mark?: ReactNode;
  readonly onSelect: () => void;
  readonly tone?: 'danger';
  /** Shows it as switched on or off. */
  readonly isChecked?: boolean;
  /** Shown at the end, such as a shortcut. */
  readonly hint?: string;
}

/** Some of which one holds: the one that is checked. */
export interface MenuChoice {
  /** Says what they are about. */
  readonly heading: string;
  readonly options: readonly MenuItem[];
}

export type MenuEntry = MenuItem | MenuChoice | 'separator';

export interface MenuProps {
  /** Names the button; empty: what `trigger` holds does. */
  readonly label: string;
  readonly icon?: IconName;
  /** In place of the icon button: what the trigger holds. */
  readonly trigger?: ReactNode;
  readonly entries: readonly MenuEntry[];
  readonly align?: 'start' | 'end';
  readonly className?: string;
  /** False: Tab passes it by, as in a list where one row alone is a stop. */
  readonly isTabStop?: boolean;
  readonly onOpenChange?: (isOpen: boolean) => void;
}

const load = () => import('./menu-body.tsx');
const preloadBody = (): void => preload(load);
const nothing = (): void => undefined;
const MenuBody = late(load, (props: MenuProps) => (
  <MenuTrigger {...props} onPointerEnter={nothing} onFocus={nothing} onClick={nothing} />
));

/** A button that opens a menu. The menu's code is loaded when somebody comes near it. */
export function Menu(props: MenuProps): ReactNode {
  const [isWanted, setWanted] = useState(false);
  if (isWanted) return <MenuBody {...props} onClose={() => setWanted(false)} />;
  return (
    <MenuTrigger
      {...props}
      onPointerEnter={preloadBody}
      onFocus={preloadBody}
      onClick={() => setWanted(true)}
    />
  );
}

type TriggerProps = Pick<MenuProps, 'label' | 'icon' | 'trigger' | 'className' | 'isTabStop'> & {
  readonly onPointerEnter: () => void;
  readonly onFocus: () => void;
  readonly onClick: () => void;
};

function MenuTrigger({
  label,
  icon = 'menu',
  trigger,
  className,
  isTabStop = true,
  onPointerEnter,
  onFocus,
  onClick,
}: TriggerProps): ReactNode {
  const own = {
    onPointerEnter,
    onFocus,
    onClick,
    'aria-haspopup': 'menu',
    'aria-expanded': false,
    ...(!isTabStop && { tabIndex: -1 }),
  } as const;
  if (trigger === undefined) return <IconButton icon={icon} label={label} className={className} {...own} />;
  return (
    <button type="button" className={className} aria-label={label === '' ? undefined : label} {...own}>
      {trigger}
    </button>
  );
}
