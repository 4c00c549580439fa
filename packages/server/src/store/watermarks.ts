import { limits } from '@parley/protocol';
import type { Queryable } from './database.ts';
import type { Watermark } from './rows.ts';

/** Everybody's watermarks in these conversations; none for those too large to show a message's status. */
export async function readWatermarks(
  db: Queryable,
  conversationIds: readonly string[],
): Promise<Map<string, Watermark[]>> {
  if (conversationIds.length === 0) return new Map();
  const rows = await db.query<Watermark & { conversation_id: string }>(
    `select p.conversation_id, p.user_id, p.joined_seq, p.last_read_seq, p.last_delivered_seq
     from parley.conversations c
     join parley.conversation_participants p on p.conversation_id = c.id and p.left_at is null
     where c.id = any ($1) and c.participant_count <= ${limits.receiptAudience}`,
    [conversationIds],
  );
  return Map.groupBy(rows, (row) => row.conversation_id);
}
