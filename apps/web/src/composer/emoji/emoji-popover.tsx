import * as Popover from '@radix-ui/react-popover';
import type { ReactNode, RefObject } from 'react';
import { usePortalRoot } from '../../ui/portal.tsx';
import { isTouch } from '../field-actions.ts';
import { EmojiPanel } from './emoji-panel.tsx';

interface EmojiPopoverProps {
  readonly button: RefObject<HTMLButtonElement | null>;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onEmoji: (emoji: string) => void;
  readonly onClose: () => void;
}

/** The picker, above its button, as long as it is there. */
export default function EmojiPopover({ button, field, onEmoji, onClose }: EmojiPopoverProps): ReactNode {
  const root = usePortalRoot();
  return (
    <Popover.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Popover.Anchor virtualRef={button} />
      <Popover.Portal container={root}>
        <Popover.Content
          className="emoji-popover"
          aria-label="Emoji"
          side="top"
          align="end"
          sideOffset={8}
          collisionPadding={8}
          // By itself it would look for the focused element in the document, and not find it in a shadow root. On touch
          // screens the keyboard stays away until somebody wants to search.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            const content = event.currentTarget;
            if (!(content instanceof HTMLElement)) return;
            (isTouch() ? content : content.querySelector('input'))?.focus({ preventScroll: true });
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            field.current?.focus({ preventScroll: true });
          }}
        >
          <EmojiPanel
            onEmoji={(emoji) => {
              onEmoji(emoji);
              onClose();
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
