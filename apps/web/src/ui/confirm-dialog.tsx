import { useState, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog, DialogError } from './dialog.tsx';
import { sentenceOf } from './toast.tsx';

interface ConfirmDialogProps {
  /** A question: `Delete “Lunch”?` */
  readonly title: string;
  /** What happens then. */
  readonly text: string;
  /** What the button that does it says. */
  readonly action: string;
  readonly tone?: 'primary' | 'danger';
  /** The dialog closes when it is done, and says what went wrong when it is not. */
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something that can't be taken back. Import it lazily. */
export default function ConfirmDialog(props: ConfirmDialogProps): ReactNode {
  const { title, text, action, tone = 'danger', onConfirm, onClose } = props;
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const confirm = async (): Promise<void> => {
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (thrown) {
      setError(sentenceOf(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} description={text} onClose={onClose}>
      <DialogError error={error} />
      <div className="dialog-actions">
        <Button data-autofocus onClick={onClose}>
          Cancel
        </Button>
        <Button tone={tone} disabled={isBusy} onClick={() => void confirm()}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
