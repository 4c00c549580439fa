import type { Conversation, Participant, UserStatus } from '@parley/client';

/** One person of a group as it is shown to another one. */
export interface MemberProps {
  readonly member: Participant;
  readonly conversation: Conversation;
  readonly isSelf: boolean;
  /** The group would be without an admin. */
  readonly isLastAdmin: boolean;
  readonly status: UserStatus | undefined;
}

export const roleNames = { admin: 'Admin', moderator: 'Moderator', participant: 'Participant' } as const;
