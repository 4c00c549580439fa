import { useMemo, type ReactNode } from 'react';
import type { Conversation } from '@parley/client';
import { usePresence, useTyping } from '@parley/react';
import { otherOf } from '../ui/format.ts';
import { presenceText, typingText } from './presence-text.ts';
import { firstName } from './preview.ts';
import { useClock } from './use-clock.ts';

/** More people than this are counted, and not asked for how they are; `limits.statusIds` of the protocol. */
const maxAsked = 100;

interface HeaderSubtitleProps {
  readonly conversation: Conversation;
  readonly userId: string | null;
}

/** Who is typing; else how the other one is, or how many people there are, and how many of them are here. */
export function HeaderSubtitle({ conversation, userId }: HeaderSubtitleProps): ReactNode {
  const { typing } = useTyping(conversation.id);
  if (typing.length === 0)
    return (
      <p className="conversation-subtitle one-line" dir="auto">
        {conversation.type === 'direct' ? (
          <OtherStatus conversation={conversation} userId={userId} />
        ) : (
          <PeopleCount conversation={conversation} userId={userId} />
        )}
      </p>
    );
  return (
    <p className="conversation-subtitle conversation-typing one-line" dir="auto">
      {conversation.type === 'direct'
        ? 'typing…'
        : typingText(typing.map((each) => firstName(each.display_name)))}
    </p>
  );
}

function OtherStatus({ conversation, userId }: HeaderSubtitleProps): ReactNode {
  const other = otherOf(conversation, userId)?.user_id ?? '';
  const status = usePresence(other === '' ? [] : [other]).get(other);
  return presenceText(status, useClock());
}

function PeopleCount({ conversation, userId }: HeaderSubtitleProps): ReactNode {
  const { participants, participant_count: count } = conversation;
  const others = useMemo(
    () =>
      count > maxAsked ? [] : participants.map((each) => each.user_id).filter((each) => each !== userId),
    [participants, count, userId],
  );
  const statuses = usePresence(others);
  const online = others.filter((each) => (statuses.get(each)?.status ?? 'offline') !== 'offline').length;
  const people = count === 1 ? 'Just you' : `${count} people`;
  // Oneself is no news.
  return online === 0 ? people : `${people}, ${online + 1} online`;
}
