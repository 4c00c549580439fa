import type { ParticipantRole } from '@parley/protocol';
import type { Access } from '../messaging/ports.ts';

/** Somebody's standing as Postgres answers it: of `c`, a conversation, and `p`, their present membership if any. */
export const accessColumns = 'c.id, c.type, c.last_seq, c.participant_count, p.role, p.is_muted';

export interface AccessRow {
  readonly id: string;
  readonly type: 'direct' | 'group';
  readonly last_seq: number;
  readonly participant_count: number;
  readonly role: ParticipantRole | null;
  readonly is_muted: boolean | null;
}

export const toAccess = (row: AccessRow): Access => ({
  conversationId: row.id,
  type: row.type,
  lastSeq: row.last_seq,
  participantCount: row.participant_count,
  membership: row.role === null ? null : { role: row.role, isMuted: row.is_muted === true },
});
