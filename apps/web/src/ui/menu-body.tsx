import * as Dropdown from '@radix-ui/react-dropdown-menu';
import { useId, useState, type MouseEvent, type ReactNode } from 'react';
import { IconButton } from './button.tsx';
import { Icon } from './icons.tsx';
import type { MenuChoice, MenuEntry, MenuItem, MenuProps } from './menu.tsx';
import { useDirection, usePortalRoot } from './portal.tsx';

/** A menu that is open when it first appears. Its button opens it by `click()`, too, so that keys and taps elsewhere can. */
export default function MenuBody(props: MenuProps): ReactNode {
  const { label, icon = 'menu', trigger, entries, align = 'end', className, isTabStop = true } = props;
  const [isOpen, setOpen] = useState(true);
  const change = (open: boolean): void => {
    setOpen(open);
    props.onOpenChange?.(open);
  };
  const own = {
    ...(!isTabStop && { tabIndex: -1 }),
    // Radix opens by pointer and keys alone; a click that comes of neither has no detail.
    onClick: ({ detail }: MouseEvent) => void (detail === 0 && change(true)),
  };
  const root = usePortalRoot();
  const dir = useDirection();
  return (
    <Dropdown.Root open={isOpen} onOpenChange={change} modal={false} dir={dir}>
      <Dropdown.Trigger asChild>
        {trigger === undefined ? (
          <IconButton icon={icon} label={label} className={className} {...own} />
        ) : (
          <button type="button" className={className} aria-label={label === '' ? undefined : label} {...own}>
            {trigger}
          </button>
        )}
      </Dropdown.Trigger>
      <Dropdown.Portal container={root}>
        {/* Stands outside of all landmarks otherwise, where who goes through those would not find it. */}
        <div role="region" aria-label={label}>
          <Dropdown.Content className="menu" align={align} sideOffset={6} collisionPadding={8} loop>
            {entries.map((entry, index) => (
              <Entry key={entry !== 'separator' && 'label' in entry ? entry.label : index} entry={entry} />
            ))}
          </Dropdown.Content>
        </div>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

function Entry({ entry }: { readonly entry: MenuEntry }): ReactNode {
  if (entry === 'separator') return <Dropdown.Separator className="menu-separator" />;
  if ('options' in entry) return <Choice choice={entry} />;
  const { onSelect, tone, isChecked } = entry;
  const className = tone === 'danger' ? 'menu-item menu-item-danger' : 'menu-item';
  if (isChecked === undefined)
    return (
      <Dropdown.Item className={className} onSelect={onSelect}>
        <Inside item={entry} />
      </Dropdown.Item>
    );
  return (
    <Dropdown.CheckboxItem className={className} checked={isChecked} onSelect={onSelect}>
      <Inside item={entry} />
    </Dropdown.CheckboxItem>
  );
}

function Choice({ choice: { heading, options } }: { readonly choice: MenuChoice }): ReactNode {
  const id = useId();
  return (
    <Dropdown.RadioGroup
      aria-labelledby={id}
      value={options.find((option) => option.isChecked === true)?.label ?? ''}
    >
      <Dropdown.Label id={id} className="menu-heading">
        {heading}
      </Dropdown.Label>
      {options.map((option) => (
        <Dropdown.RadioItem
          key={option.label}
          className="menu-item"
          value={option.label}
          onSelect={option.onSelect}
        >
          <Inside item={option} />
        </Dropdown.RadioItem>
      ))}
    </Dropdown.RadioGroup>
  );
}

function Inside({ item: { icon, mark, label, hint, isChecked } }: { readonly item: MenuItem }): ReactNode {
  return (
    <>
      <span className="menu-icon">{icon !== undefined ? <Icon name={icon} /> : mark}</span>
      <span className="menu-label">{label}</span>
      {hint !== undefined && <span className="menu-hint">{hint}</span>}
      {isChecked === true && <Icon name="check" />}
    </>
  );
}
