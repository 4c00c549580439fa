import type { Participant } from '@parley/client';

/** Somebody in a group, who does nothing special unless `change` says so. */
export const memberOf = (id: string, change: Partial<Participant> = {}): Participant => ({
  user_id: id,
  display_name: id,
  avatar_url: null,
  role: 'participant',
  is_muted: false,
  joined_at: '2026-01-01T00:00:00.000Z',
  joined_seq: 0,
  last_read_seq: 0,
  last_delivered_seq: 0,
  ...change,
});
