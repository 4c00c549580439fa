import { useMemo, useState, type ReactNode, type SubmitEvent } from 'react';
import type { Conversation } from '@parley/client';
import { useParley, useUserId } from '@parley/react';
import { useNavigation } from '../shell/navigation.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogError } from '../ui/dialog.tsx';
import { sentenceOf } from '../ui/toast.tsx';
import { PeoplePicker } from './people-picker.tsx';
import type { Person } from './people.ts';
import { submitByKeys } from './submit-keys.ts';
import { TitleField } from './title-field.tsx';

/** Begins a conversation: with one person, the one that there is; with more, or with a title, a group. */
export default function NewConversationDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const parley = useParley();
  const userId = useUserId();
  const { open } = useNavigation();
  const [people, setPeople] = useState<readonly Person[]>([]);
  const [title, setTitle] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const except = useMemo(() => new Set(userId === null ? [] : [userId]), [userId]);
  const isGroup = people.length > 1 || title.trim() !== '';
  const mayStart = !isBusy && (people.length > 0 || isGroup);
  const start = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!mayStart) return;
    const show = (id: string): void => {
      onClose();
      open(id);
    };
    const held = isGroup ? undefined : directWith(people[0], parley.conversations);
    // Also without a connection.
    if (held !== undefined) return show(held.id);
    setBusy(true);
    try {
      const conversation = await parley.createConversation({
        type: isGroup ? 'group' : 'direct',
        participant_ids: people.map((each) => each.user_id),
        ...(isGroup && title.trim() !== '' && { title: title.trim() }),
      });
      show(conversation.id);
    } catch (thrown) {
      setError(sentenceOf(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title="New conversation" onClose={onClose}>
      <form className="new-conversation" onKeyDown={submitByKeys} onSubmit={(event) => void start(event)}>
        <PeoplePicker chosen={people} onChange={setPeople} except={except} />
        <TitleField value={title} onChange={setTitle} hint="For groups; you can leave it empty." />
        <DialogError error={error} />
        <div className="dialog-actions">
          <span className="dialog-actions-text">{summaryOf(people.length, isGroup)}</span>
          <Button tone="primary" type="submit" disabled={!mayStart}>
            Start
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const directWith = (
  person: Person | undefined,
  conversations: readonly Conversation[],
): Conversation | undefined =>
  conversations.find(
    ({ type, participants }) =>
      type === 'direct' && participants.some((each) => each.user_id === person?.user_id),
  );

/** What pressing the button comes to. */
function summaryOf(count: number, isGroup: boolean): string {
  if (count === 0) return isGroup ? 'A group with nobody else yet' : '';
  if (!isGroup) return 'Just the two of you';
  return `A group of ${count + 1} people`;
}
