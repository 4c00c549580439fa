import { useState, type SubmitEvent, type ReactNode } from 'react';
import type { Conversation } from '@parley/client';
import { useParley } from '@parley/react';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogError } from '../ui/dialog.tsx';
import { sentenceOf } from '../ui/toast.tsx';
import { TitleField } from './title-field.tsx';

interface RenameDialogProps {
  readonly conversation: Conversation;
  readonly onClose: () => void;
}

/** Gives a group another title, or none. */
export default function RenameDialog({ conversation, onClose }: RenameDialogProps): ReactNode {
  const parley = useParley();
  const [title, setTitle] = useState(conversation.title ?? '');
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await parley.conversation(conversation.id).update({ title: title.trim() || null });
      onClose();
    } catch (thrown) {
      setError(sentenceOf(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title="Rename" onClose={onClose}>
      <form onSubmit={(event) => void save(event)}>
        <TitleField
          isFirst
          value={title}
          onChange={setTitle}
          hint="Without a title, its people’s names are shown."
        />
        <DialogError error={error} />
        <div className="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" disabled={isBusy}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
