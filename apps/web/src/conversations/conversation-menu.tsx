import { useState, type ReactNode } from 'react';
import type { Conversation } from '@parley/client';
import { useParley } from '@parley/react';
import { Menu, type MenuEntry } from '../ui/menu.tsx';
import type { Question } from './conversation-question.tsx';
import { rightsIn } from './permissions.ts';
import { late } from '../ui/late.tsx';
import { useArchive } from './use-archive.ts';

const ConversationQuestion = late(() => import('./conversation-question.tsx'));

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
      {asked !== null && (
        <ConversationQuestion question={asked} conversation={conversation} onClose={() => ask(null)} />
      )}
    </>
  );
}

function useEntries(conversation: Conversation, ask: (question: Question) => void): readonly MenuEntry[] {
  const parley = useParley();
  const { is_archived: isArchived, last_message: last, unread_count: unread } = conversation;
  const rights = rightsIn(conversation);
  const archive = useArchive(conversation);
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
      onSelect: () => archive(!isArchived),
    });
  const final: MenuEntry[] = [];
  if (rights.leave)
    final.push({ label: 'Leave', icon: 'leave', tone: 'danger', onSelect: () => ask('leave') });
  if (rights.delete)
    final.push({ label: 'Delete', icon: 'trash', tone: 'danger', onSelect: () => ask('delete') });
  return gentle.length > 0 && final.length > 0 ? [...gentle, 'separator', ...final] : [...gentle, ...final];
}
