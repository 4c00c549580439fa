import { useState, type ReactNode } from 'react';
import { useShortcut } from '../shell/shortcuts.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { late, preload } from '../ui/late.tsx';

const load = () => import('./new-conversation-dialog.tsx');
const NewConversationDialog = late(load);

/** Begins a conversation, by a dialog that is loaded when somebody comes near. */
export function NewConversationButton({ look }: { readonly look: 'icon' | 'primary' }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  useShortcut({ keys: 'N', label: 'New conversation', group: 'Conversations' }, () => setOpen(true));
  const own = {
    onClick: () => setOpen(true),
    onPointerEnter: () => preload(load),
    onFocus: () => preload(load),
  };
  return (
    <>
      {look === 'icon' ? (
        <IconButton icon="write" label="New conversation" {...own} />
      ) : (
        <Button tone="primary" icon="write" {...own}>
          New conversation
        </Button>
      )}
      {isOpen && <NewConversationDialog onClose={() => setOpen(false)} />}
    </>
  );
}
