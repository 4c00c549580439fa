import type { ReactNode } from 'react';
import type { Conversation } from '@parley/client';
import { useParley, useUserId } from '@parley/react';
import { useNavigation } from '../shell/navigation.tsx';
import ConfirmDialog from '../ui/confirm-dialog.tsx';
import { titleOf } from '../ui/format.ts';
import RenameDialog from './rename-dialog.tsx';

export type Question = 'rename' | 'leave' | 'delete';

interface ConversationQuestionProps {
  readonly question: Question;
  readonly conversation: Conversation;
  readonly onClose: () => void;
}

/** Asks before something is done to a conversation. */
export default function ConversationQuestion(props: ConversationQuestionProps): ReactNode {
  const { question, conversation, onClose } = props;
  const parley = useParley();
  const userId = useUserId();
  const navigation = useNavigation();
  if (question === 'rename') return <RenameDialog conversation={conversation} onClose={onClose} />;
  const title = titleOf(conversation, userId);
  const finish = async (work: Promise<void>): Promise<void> => {
    await work;
    if (navigation.conversationId === conversation.id) navigation.open(null);
  };
  const actions = parley.conversation(conversation.id);
  return question === 'leave' ? (
    <ConfirmDialog
      title={`Leave “${title}”?`}
      text="You will no longer see its messages. Somebody in it can add you again."
      action="Leave"
      onConfirm={() => finish(actions.leave())}
      onClose={onClose}
    />
  ) : (
    <ConfirmDialog
      title={`Delete “${title}”?`}
      text="It disappears for everyone in it, with all its messages. This can’t be undone."
      action="Delete"
      onConfirm={() => finish(actions.delete())}
      onClose={onClose}
    />
  );
}
