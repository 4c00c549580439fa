import { useState, type ReactNode } from 'react';
import { useConversationState, useParley, useUserId } from '@parley/react';
import { Button } from '../../ui/button.tsx';
import { otherOf, titleOf } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { sentenceOf } from '../../ui/toast.tsx';

interface NoticeProps {
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly role?: 'alert' | 'status';
  readonly children?: ReactNode;
}

function Notice({ icon, title, text, role, children }: NoticeProps): ReactNode {
  return (
    <div className="timeline-notice" role={role}>
      <span className="timeline-notice-icon">
        <Icon name={icon} size={24} />
      </span>
      <p className="timeline-notice-title">{title}</p>
      <p>{text}</p>
      {children}
    </div>
  );
}

const lost = {
  removed: {
    icon: 'leave',
    title: 'You are no longer in this conversation',
    text: 'You left, or somebody removed you. An admin of the group can add you again.',
  },
  deleted: {
    icon: 'trash',
    title: 'This conversation was deleted',
    text: 'Its messages are gone for everybody.',
  },
} as const;

const never = {
  removed: {
    icon: 'people',
    title: 'You are not in this conversation',
    text: 'Whoever manages it can add you.',
  },
  deleted: {
    icon: 'search',
    title: 'There is no such conversation',
    text: 'The link is mistyped, or what it led to was deleted.',
  },
} as const;

const Gone = ({
  access,
  wasHeld,
}: {
  readonly access: 'removed' | 'deleted';
  readonly wasHeld: boolean;
}): ReactNode => <Notice role="status" {...(wasHeld ? lost : never)[access]} />;

/** It could not be read. */
function Failed({ id, error }: { readonly id: string; readonly error: unknown }): ReactNode {
  const conversation = useParley().conversation(id);
  const [isBusy, setBusy] = useState(false);
  const tryAgain = async (): Promise<void> => {
    setBusy(true);
    await conversation.open().catch(() => undefined);
    conversation.close();
    setBusy(false);
  };
  return (
    <Notice icon="error" role="alert" title="The messages could not be loaded" text={sentenceOf(error)}>
      <Button icon="retry" disabled={isBusy} onClick={() => void tryAgain()}>
        Try again
      </Button>
    </Notice>
  );
}

/** Nobody has written anything. */
function Empty({ id }: { readonly id: string }): ReactNode {
  const conversation = useConversationState(id, (state) => state.conversation);
  const userId = useUserId();
  const other = conversation === null ? undefined : otherOf(conversation, userId);
  return (
    <Notice
      icon="spark"
      title={other === undefined ? 'Nothing here yet' : `Say hello to ${other.display_name}`}
      text={
        conversation?.type === 'group'
          ? `Write the first message of ${titleOf(conversation, userId)}.`
          : 'Your first message will stand here.'
      }
    />
  );
}

export interface NoMessagesProps {
  readonly id: string;
  readonly access: 'unknown' | 'member' | 'removed' | 'deleted';
  /** They had it before, so they know what went away. */
  readonly wasHeld: boolean;
  /** Why it could not be read. */
  readonly error: unknown;
}

/** Why there are none. */
export default function NoMessages({ id, access, wasHeld, error }: NoMessagesProps): ReactNode {
  if (access === 'removed' || access === 'deleted') return <Gone access={access} wasHeld={wasHeld} />;
  return error === null ? <Empty id={id} /> : <Failed id={id} error={error} />;
}
