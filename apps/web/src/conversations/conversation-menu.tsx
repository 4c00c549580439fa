import { useState, type ReactNode } from 'react';
import type { Conversation } from '@parley/client';
import { useParley, useUserId } from '@parley/react';
import { useNavigation } from '../shell/navigation.tsx';
import { titleOf } from '../ui/format.ts';
import { Menu, type MenuEntry } from '../ui/menu.tsx';
import { useToasts } from '../ui/toast.tsx';
import { rightsIn } from './permissions.ts';
import { late } from '../ui/late.tsx';

const ConfirmDialog = late(() => import('../ui/confirm-dialog.tsx'));
const RenameDialog = late(() => import('./rename-dialog.tsx'));

type Question = 'rename' | 'leave' | 'delete';

interface ConversationMenuProps {
  readonly conversation: Conversation;
  readonly label: string;
  readonly className?: string;
  /** False: Tab passes it by. */
  readonly isTabStop?: boolean;
}

/** What can be done with a conversation as a whole; nothing where there is nothing. */
export function ConversationMenu(props: ConversationMenuProps): ReactNode {
  const { conversation, label, className, isTabStop = true } = props;
  const [asked, ask] = useState<Question | null>(null);
  const entries = useEntries(conversation, ask);
  if (entries.length === 0) return null;
  return (
    <>
      <Menu
        label={label}
        entries={entries}
        isTabStop={isTabStop}
        {...(className !== undefined && { className })}
      />
      {asked !== null && <Asked question={asked} conversation={conversation} onClose={() => ask(null)} />}
    </>
  );
}

function useEntries(conversation: Conversation, ask: (question: Question) => void): readonly MenuEntry[] {
  const parley = useParley();
  const { say, fail } = useToasts();
  const { is_archived: isArchived, last_message: last, unread_count: unread } = conversation;
  const rights = rightsIn(conversation);
  const archive = async (): Promise<void> => {
    try {
      await parley.conversation(conversation.id).update({ is_archived: !isArchived });
      say(isArchived ? 'Back among the conversations' : 'Archived for everyone in it');
    } catch (error) {
      fail(error);
    }
  };
  const gentle: MenuEntry[] = [];
  if (unread > 0 && last !== null)
    gentle.push({
      label: 'Mark as read',
      icon: 'checks',
      onSelect: () => parley.conversation(conversation.id).markRead(last),
    });
  if (rights.rename) gentle.push({ label: 'Rename', icon: 'edit', onSelect: () => ask('rename') });
  if (rights.archive)
    gentle.push({
      label: isArchived ? 'Unarchive' : 'Archive',
      icon: 'archive',
      onSelect: () => void archive(),
    });
  const final: MenuEntry[] = [];
  if (rights.leave)
    final.push({ label: 'Leave', icon: 'leave', tone: 'danger', onSelect: () => ask('leave') });
  if (rights.delete)
    final.push({ label: 'Delete', icon: 'trash', tone: 'danger', onSelect: () => ask('delete') });
  return gentle.length > 0 && final.length > 0 ? [...gentle, 'separator', ...final] : [...gentle, ...final];
}

interface AskedProps {
  readonly question: Question;
  readonly conversation: Conversation;
  readonly onClose: () => void;
}

function Asked({ question, conversation, onClose }: AskedProps): ReactNode {
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
