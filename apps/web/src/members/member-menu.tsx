import { useState, type ReactNode } from 'react';
import type { ParticipantRole, UpdateParticipantBody } from '@parley/client';
import { useParley } from '@parley/react';
import { useNavigation } from '../shell/navigation.tsx';
import { titleOf } from '../ui/format.ts';
import { Menu, type MenuEntry } from '../ui/menu.tsx';
import { useToasts } from '../ui/toast.tsx';
import { roleNames, type MemberProps } from './member.ts';
import { rightsOver } from './permissions.ts';
import { late } from '../ui/late.tsx';

const ConfirmDialog = late(() => import('../ui/confirm-dialog.tsx'));

const roles: readonly ParticipantRole[] = ['admin', 'moderator', 'participant'];

/** What one may do about somebody; nothing where there is nothing. */
export function MemberMenu(props: MemberProps): ReactNode {
  const { member, conversation } = props;
  const parley = useParley();
  const [isRemoving, setRemoving] = useState(false);
  const entries = useEntries(props, () => setRemoving(true));
  if (entries.length === 0) return null;
  const { display_name: name, user_id: id } = member;
  return (
    <>
      <Menu label={`Actions for ${name}`} entries={entries} className="member-menu" />
      {isRemoving && (
        <ConfirmDialog
          title={`Remove ${name}?`}
          text={`They will no longer see anything of “${titleOf(conversation, null)}”. You can add them again.`}
          action="Remove"
          onConfirm={() => parley.conversation(conversation.id).removeParticipant(id)}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  );
}

function useEntries(props: MemberProps, onRemove: () => void): readonly MenuEntry[] {
  const { member, conversation, isSelf, isLastAdmin } = props;
  const parley = useParley();
  const { open } = useNavigation();
  const { fail } = useToasts();
  const rights = rightsOver(member, conversation, { isSelf, isLastAdmin });
  const change = (body: UpdateParticipantBody): void => {
    parley.conversation(conversation.id).updateParticipant(member.user_id, body).catch(fail);
  };
  const message = async (): Promise<void> => {
    try {
      open((await parley.createConversation({ type: 'direct', participant_ids: [member.user_id] })).id);
    } catch (error) {
      fail(error);
    }
  };
  const groups: MenuEntry[][] = [
    isSelf ? [] : [{ label: 'Message', icon: 'write', onSelect: () => void message() }],
    rights.setRole
      ? [
          {
            heading: 'Role',
            options: roles.map((role) => ({
              label: roleNames[role],
              isChecked: role === member.role,
              onSelect: () => role !== member.role && change({ role }),
            })),
          },
        ]
      : [],
    [
      ...(rights.mute ? [muteEntry(member.is_muted, change)] : []),
      ...(rights.remove
        ? [{ label: 'Remove', icon: 'leave', tone: 'danger', onSelect: onRemove } as const]
        : []),
    ],
  ];
  return groups
    .filter((group) => group.length > 0)
    .flatMap((group, index) => (index === 0 ? group : ['separator' as const, ...group]));
}

const muteEntry = (isMuted: boolean, change: (body: UpdateParticipantBody) => void): MenuEntry => ({
  label: isMuted ? 'Unmute' : 'Mute',
  icon: 'mute',
  onSelect: () => change({ is_muted: !isMuted }),
});
