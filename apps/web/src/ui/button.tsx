import type { ComponentProps, ReactNode } from 'react';
import { Icon, type IconName } from './icons.tsx';

interface ButtonProps extends ComponentProps<'button'> {
  readonly tone?: 'primary' | 'plain' | 'danger';
  readonly icon?: IconName;
}

/** A button with words on it. */
export function Button({ tone = 'plain', icon, className, children, ...rest }: ButtonProps): ReactNode {
  return (
    <button type="button" className={`button button-${tone} ${className ?? ''}`} {...rest}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'aria-label' | 'title'> {
  readonly icon: IconName;
  /** What it does: its name for screen readers, and its tooltip. */
  readonly label: string;
  readonly tone?: 'plain' | 'primary' | 'danger';
}

/** A button of 44 px with an icon alone. */
export function IconButton({ icon, label, tone = 'plain', className, ...rest }: IconButtonProps): ReactNode {
  return (
    <button
      type="button"
      className={`icon-button icon-button-${tone} ${className ?? ''}`}
      aria-label={label}
      title={label}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}
