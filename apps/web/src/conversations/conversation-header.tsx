import type { ReactNode } from 'react';
import type { Conversation } from '@parley/client';
import { usePresence, useUserId, type ConversationView } from '@parley/react';
import { useNavigation } from '../shell/navigation.tsx';
import { Avatar } from '../ui/avatar.tsx';
import { IconButton } from '../ui/button.tsx';
import { otherOf, titleOf } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { ConversationMenu } from './conversation-menu.tsx';
import { HeaderSubtitle } from './header-subtitle.tsx';

interface ConversationHeaderProps {
  readonly view: ConversationView;
  readonly showsMembers: boolean;
  readonly onMembers: () => void;
  /** The code of the members is loaded when somebody comes near. */
  readonly onNear: () => void;
}

/** Whose conversation this is, how they are, and what can be done with it. */
export function ConversationHeader(props: ConversationHeaderProps): ReactNode {
  const { view, showsMembers, onMembers, onNear } = props;
  const { conversation, access } = view;
  const { open } = useNavigation();
  return (
    <header className="conversation-header">
      <IconButton
        icon="back"
        label="Back to conversations"
        className="conversation-back"
        onClick={() => open(null)}
      />
      {conversation !== null && <Who conversation={conversation} isMember={access === 'member'} />}
      {conversation === null && <NoTitle access={access} />}
      {conversation !== null && access === 'member' && (
        <>
          {conversation.type === 'group' && (
            <button
              type="button"
              className="icon-button members-button"
              title={showsMembers ? 'Hide members' : 'Show members'}
              aria-expanded={showsMembers}
              onPointerEnter={onNear}
              onFocus={onNear}
              onClick={onMembers}
            >
              <Icon name="people" />
              <span className="hidden-text">Members </span>
              <span className="members-count">{conversation.participant_count}</span>
            </button>
          )}
          <ConversationMenu conversation={conversation} label="Conversation actions" />
        </>
      )}
    </header>
  );
}

/** A page has a heading also where nothing is known of the conversation. */
function NoTitle({ access }: Pick<ConversationView, 'access'>): ReactNode {
  const isGone = access === 'removed' || access === 'deleted';
  return (
    <h1 className={isGone ? 'conversation-title' : 'hidden-text'}>
      {isGone ? 'Not available' : 'Conversation'}
    </h1>
  );
}

interface WhoProps {
  readonly conversation: Conversation;
  readonly isMember: boolean;
}

function Who({ conversation, isMember }: WhoProps): ReactNode {
  const userId = useUserId();
  const other = otherOf(conversation, userId);
  const title = titleOf(conversation, userId);
  const otherId = other?.user_id;
  const status = usePresence(otherId === undefined ? [] : [otherId]).get(otherId ?? '')?.status;
  return (
    <>
      <Avatar
        id={otherId ?? conversation.id}
        name={title}
        url={other?.avatar_url}
        isGroup={conversation.type === 'group'}
        status={isMember ? status : undefined}
      />
      <div className="conversation-who">
        <h1 className="conversation-title one-line" dir="auto" title={title}>
          {title}
        </h1>
        {isMember && <HeaderSubtitle conversation={conversation} userId={userId} />}
      </div>
    </>
  );
}
