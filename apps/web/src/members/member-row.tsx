import { memo, type ReactNode } from 'react';
import { presenceText } from '../conversations/presence-text.ts';
import { useClock } from '../conversations/use-clock.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Icon } from '../ui/icons.tsx';
import { roleNames, type MemberProps } from './member.ts';
import { MemberMenu } from './member-menu.tsx';

/** One person of a group, and what can be done about them. */
export const MemberRow = memo(function MemberRow(props: MemberProps): ReactNode {
  const { member, isSelf, status } = props;
  const { display_name: name, user_id: id, role } = member;
  return (
    <div className="member">
      <Avatar id={id} name={name} url={member.avatar_url} status={status?.status} />
      <div className="member-who">
        <div className="member-line">
          <span className="member-name one-line" dir="auto">
            {name}
          </span>
          {isSelf && <span className="member-you">You</span>}
        </div>
        <div className="member-line member-facts">
          {role !== 'participant' && <span className="member-role">{roleNames[role]}</span>}
          {member.is_muted && (
            <span className="member-muted">
              <Icon name="mute" size={14} /> Muted
            </span>
          )}
          {!isSelf && <Presence status={status} />}
        </div>
      </div>
      <MemberMenu {...props} />
    </div>
  );
});

function Presence({ status }: Pick<MemberProps, 'status'>): ReactNode {
  return <span className="one-line">{presenceText(status, useClock())}</span>;
}
