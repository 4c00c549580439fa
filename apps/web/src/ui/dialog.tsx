import * as Radix from '@radix-ui/react-dialog';
import { useState, type ReactNode } from 'react';
import { IconButton } from './button.tsx';
import { focusedNear, openerNear } from './focus.ts';
import { usePortalRoot } from './portal.tsx';

/** What went wrong in a dialog, said where it happened; null: nothing. */
export const DialogError = ({ error }: { readonly error: string | null }): ReactNode =>
  error !== null && (
    <p className="dialog-error" role="alert">
      {error}
    </p>
  );

interface DialogProps {
  readonly title: string;
  readonly description?: string;
  readonly onClose: () => void;
  /** `sheet`: along the side, on narrow screens all of it. */
  readonly shape?: 'card' | 'sheet' | 'full';
  readonly children: ReactNode;
}

/** A dialog that is open as long as it is there. Import what uses it lazily: its code is not part of the first load. */
export function Dialog({ title, description, onClose, shape = 'card', children }: DialogProps): ReactNode {
  const root = usePortalRoot();
  const [opener] = useState(() => openerNear(root));
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal container={root}>
        {/* Not Radix's own overlay: that writes a style element, which the content security policy forbids. */}
        <div className="dialog-scrim" aria-hidden="true" />
        <Radix.Content
          className={`dialog dialog-${shape}`}
          onOpenAutoFocus={(event) => {
            // Radix's own choice does not work in a shadow root, and would be the button that closes.
            event.preventDefault();
            firstOf(event.currentTarget)?.focus();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (focusedNear(root) === null) opener?.focus();
          }}
          {...(description === undefined && { 'aria-describedby': undefined })}
        >
          <header className="dialog-header">
            <Radix.Title className="dialog-title">{title}</Radix.Title>
            <IconButton icon="close" label="Close" onClick={onClose} />
          </header>
          {description !== undefined && (
            <Radix.Description className="dialog-description">{description}</Radix.Description>
          )}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** What is marked to have the focus at first; else the dialog itself, which has its title read. */
const firstOf = (content: EventTarget | null): HTMLElement | null =>
  content instanceof HTMLElement ? (content.querySelector<HTMLElement>('[data-autofocus]') ?? content) : null;
