import type { Conversation, Participant } from '@parley/client';

/** What somebody may do with another person of a group; what they may not is not shown to them. */
export interface MemberRights {
  readonly setRole: boolean;
  readonly mute: boolean;
  readonly remove: boolean;
}

const none: MemberRights = { setRole: false, mute: false, remove: false };

/**
 * The server decides; this follows its rules, and a test holds it to them. `isLastAdmin`: the group would be without one.
 * Nobody mutes or removes themselves: leaving is for that.
 */
export function rightsOver(
  member: Participant,
  { type, my_role: role }: Pick<Conversation, 'type' | 'my_role'>,
  { isSelf, isLastAdmin }: { readonly isSelf: boolean; readonly isLastAdmin: boolean },
): MemberRights {
  if (type === 'direct' || role === null || role === 'participant') return none;
  const reaches = !isSelf && (role === 'admin' || member.role === 'participant');
  return { setRole: role === 'admin' && !isLastAdmin, mute: reaches, remove: reaches };
}

/** Whether this is the only admin; while not everybody is known, nobody is said to be. */
export const isLastAdmin = (
  member: Participant,
  everybody: readonly Participant[],
  isWhole: boolean,
): boolean =>
  isWhole && member.role === 'admin' && everybody.filter((each) => each.role === 'admin').length === 1;
