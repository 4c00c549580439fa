import type { ErrorCode, ParticipantRole } from '@parley/protocol';
import type { Actor } from './actor.ts';

/**
 * Who may do what in a conversation: the whole of it. REST and WebSocket both ask `refuse` below.
 *
 * - The service role may do everything except act as a person (`service: false`).
 * - Only present participants may do anything; strangers and former members get `not_participant`.
 * - Application roles (teacher, student, …) decide rate limits and appear nowhere here.
 */
interface Rule {
  /** Roles in the conversation that may. */
  readonly roles: readonly ParticipantRole[];
  /** Whether somebody who is muted still may. */
  readonly whileMuted: boolean;
  /** `sender`: only the message's own sender. `lower`: only towards people of a lower role, unless an admin. */
  readonly only?: 'sender' | 'lower';
  /** Whether the service role may. */
  readonly service: boolean;
}

const everybody = ['admin', 'moderator', 'participant'] as const;
const moderators = ['admin', 'moderator'] as const;
const admins = ['admin'] as const;
const nobody = [] as const;

// prettier-ignore
export const permissions = {
  'conversation.read':    { roles: everybody,  whileMuted: true,  service: true },
  'conversation.join':    { roles: everybody,  whileMuted: true,  service: false },
  'conversation.update':  { roles: moderators, whileMuted: true,  service: true },
  'conversation.delete':  { roles: admins,     whileMuted: true,  service: true },

  'message.send':         { roles: everybody,  whileMuted: false, service: true },
  'message.send_system':  { roles: nobody,     whileMuted: false, service: true },
  'message.upload':       { roles: everybody,  whileMuted: false, service: true },
  'message.edit':         { roles: everybody,  whileMuted: false, service: true, only: 'sender' },
  'message.delete':       { roles: everybody,  whileMuted: true,  service: true, only: 'sender' },
  'message.read':         { roles: everybody,  whileMuted: true,  service: false },
  'message.type':         { roles: everybody,  whileMuted: false, service: false },

  'participant.add':      { roles: moderators, whileMuted: true,  service: true },
  'participant.remove':   { roles: moderators, whileMuted: true,  service: true, only: 'lower' },
  'participant.leave':    { roles: everybody,  whileMuted: true,  service: false },
  'participant.mute':     { roles: moderators, whileMuted: true,  service: true, only: 'lower' },
  'participant.set_role': { roles: admins,     whileMuted: true,  service: true },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof permissions;

/** What a decision depends on, read under the conversation's lock where the action writes. */
export interface Standing {
  /** The actor's present membership; null for strangers, former members and the service role. */
  readonly membership: { readonly role: ParticipantRole; readonly isMuted: boolean } | null;
  /** The sender of the message concerned, for actions that are theirs alone. */
  readonly senderId?: string;
  /** The present role of the person concerned. */
  readonly targetRole?: ParticipantRole;
}

/** Why `actor` may not do `action`, or null if they may. */
export function refuse(action: Action, actor: Actor, standing: Standing): ErrorCode | null {
  const rule: Rule = permissions[action];
  if (actor.kind === 'service') {
    if (!rule.service) return 'insufficient_role';
    return rule.only === 'sender' && standing.senderId !== actor.userId ? 'not_message_owner' : null;
  }
  const { membership } = standing;
  if (membership === null) return 'not_participant';
  if (rule.only === 'sender' && standing.senderId !== actor.userId) return 'not_message_owner';
  if (rule.roles.length === 0) return 'system_only';
  if (!rule.roles.includes(membership.role)) return 'insufficient_role';
  if (membership.isMuted && !rule.whileMuted) return 'muted';
  if (rule.only === 'lower' && membership.role !== 'admin' && standing.targetRole !== 'participant') {
    return 'insufficient_role';
  }
  return null;
}
