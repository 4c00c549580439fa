import { useMemo, useState, type ReactNode, type SubmitEvent } from 'react';
import { useParticipants, type ConversationView } from '@parley/react';
import { PeoplePicker } from '../conversations/people-picker.tsx';
import type { Person } from '../conversations/people.ts';
import { submitByKeys } from '../conversations/submit-keys.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogError } from '../ui/dialog.tsx';
import { sentenceOf } from '../ui/toast.tsx';

interface AddPeopleDialogProps {
  readonly view: ConversationView;
  readonly onClose: () => void;
}

/** Brings people into a group. Those whom the server refuses stay, with the reason. */
export default function AddPeopleDialog({ view, onClose }: AddPeopleDialogProps): ReactNode {
  const { participants } = useParticipants(view.id);
  const [people, setPeople] = useState<readonly Person[]>([]);
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const except = useMemo(() => new Set(participants.map((each) => each.user_id)), [participants]);
  const mayAdd = !isBusy && people.length > 0;
  const add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!mayAdd) return;
    setBusy(true);
    setError(null);
    let left = people;
    try {
      for (const person of people) {
        await view.actions.addParticipant(person.user_id);
        left = left.filter((each) => each !== person);
      }
      onClose();
    } catch (thrown) {
      setPeople(left);
      setError(sentenceOf(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title="Add people" onClose={onClose}>
      <form className="new-conversation" onKeyDown={submitByKeys} onSubmit={(event) => void add(event)}>
        <PeoplePicker chosen={people} onChange={setPeople} except={except} />
        <DialogError error={error} />
        <div className="dialog-actions">
          <span className="dialog-actions-text">They will see all earlier messages.</span>
          <Button tone="primary" type="submit" disabled={!mayAdd}>
            {people.length > 1 ? `Add ${people.length}` : 'Add'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
