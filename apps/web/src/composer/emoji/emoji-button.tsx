import { useRef, useState, type ReactNode, type RefObject } from 'react';
import { IconButton } from '../../ui/button.tsx';
import { late, preload } from '../../ui/late.tsx';

const load = () => import('./emoji-popover.tsx');
const EmojiPopover = late(load, undefined, false);

interface EmojiButtonProps {
  /** Where the focus goes when the picker closes. */
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onEmoji: (emoji: string) => void;
}

/** Opens the emoji picker. Its code is loaded when somebody comes near. */
export function EmojiButton({ field, onEmoji }: EmojiButtonProps): ReactNode {
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  // A press outside of the picker closes it before the button hears of the click.
  const wasOpen = useRef(false);
  return (
    <>
      <IconButton
        ref={button}
        icon="emoji"
        label="Emoji"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onPointerEnter={() => preload(load)}
        onFocus={() => preload(load)}
        onPointerDown={() => {
          wasOpen.current = isOpen;
        }}
        onClick={({ detail }) => setOpen(detail === 0 ? !isOpen : !wasOpen.current)}
      />
      {isOpen && (
        <EmojiPopover button={button} field={field} onEmoji={onEmoji} onClose={() => setOpen(false)} />
      )}
    </>
  );
}
