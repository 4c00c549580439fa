import type { UserStatusType } from '@parley/protocol';
import type { BusEvent } from './ports.ts';

/** What those who joined a conversation hear when somebody who shows as `status` begins or ends to type in it. */
export function typingEvents(
  userId: string,
  conversationId: string,
  status: UserStatusType,
  on: boolean,
): BusEvent[] {
  const audience = { kind: 'conversation', conversationId, joinedOnly: true, except: userId } as const;
  const where = { user_id: userId, conversation_id: conversationId };
  return [
    { audience, frame: { type: on ? 'typing_start' : 'typing_stop', ...where } },
    {
      audience,
      frame: { type: 'user_status_change', ...where, status, is_typing: on, last_seen_at: null },
    },
  ];
}
