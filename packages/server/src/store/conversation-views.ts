import { limits, type Conversation, type Participant, type ParticipantRole } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import type { Queryable } from './database.ts';
import { prepared } from './prepared.ts';
import {
  conversationColumns,
  isId,
  messageColumnsAlone,
  readMessage,
  readTime,
  statusOf,
  toMessage,
} from './rows.ts';
import type { ConversationRow, MessageRow, Watermark } from './rows.ts';

interface ViewRow extends ConversationRow {
  readonly my_role: ParticipantRole | null;
  readonly unread_count: number;
  readonly participants: Participant[] | null;
  readonly last_message: MessageRow | null;
  readonly watermarks: Watermark[] | null;
}

// Look-ups of single rows stand by themselves: joined, they may be found by reading an index from its beginning.
const participants = `(
  select json_agg(row_to_json(s))
  from (
    select f.user_id, coalesce(u.display_name, f.user_id) as display_name, u.avatar_url, f.role, f.is_muted, f.joined_at,
      f.joined_seq, f.last_read_seq, f.last_delivered_seq
    from (
      select * from parley.conversation_participants f
      where f.conversation_id = c.id and f.left_at is null
      order by f.joined_at, f.user_id
      limit ${limits.participantsShown}
    ) f
    left join lateral (select * from parley.users u where u.id = f.user_id offset 0) u on true
    order by f.joined_at, f.user_id
  ) s
)`;

const lastMessage = `(
  select row_to_json(s)
  from (
    select ${messageColumnsAlone} from parley.messages m where m.conversation_id = c.id and m.seq = c.last_seq
  ) s
)`;

/** Needed for the status of the last message alone (see `readWatermarks`), where not everybody is shown. */
const watermarks = `case when c.participant_count between ${limits.participantsShown + 1} and ${limits.receiptAudience} then (
  select json_agg(row_to_json(s))
  from (
    select w.user_id, w.joined_seq, w.last_read_seq, w.last_delivered_seq
    from parley.conversation_participants w
    where w.conversation_id = c.id and w.left_at is null
  ) s
) end`;

export const viewsStatement = prepared(
  'views',
  `select ${conversationColumns}, p.role as my_role, coalesce(c.last_seq - p.last_read_seq, 0) as unread_count,
    ${participants} as participants, ${lastMessage} as last_message, ${watermarks} as watermarks
  from (select * from parley.conversations c where c.id = any ($1) offset 0) c
  left join lateral (
    select p.role, p.last_read_seq, p.left_at from parley.conversation_participants p
    where p.conversation_id = c.id and p.user_id = $2 offset 0
  ) p on p.left_at is null
  where not c.is_deleted`,
);

/**
 * Conversations as `viewer` sees them, in the order of `ids`; those that are not there are left out. One statement, so
 * that everything in an answer is of the same moment.
 */
export async function readConversations(
  db: Queryable,
  ids: readonly string[],
  viewer: Pick<Actor, 'userId'>,
  prefix: string,
): Promise<Conversation[]> {
  const rows = await db.query<ViewRow>(viewsStatement, [ids.filter(isId), viewer.userId]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    return row === undefined ? [] : [toView(row, prefix)];
  });
}

function toView(
  { participants, last_message: last, watermarks, ...row }: ViewRow,
  prefix: string,
): Conversation {
  const people = participants ?? [];
  // Of a conversation that is too large for receipts nobody's count.
  const marks = row.participant_count <= limits.participantsShown ? people : (watermarks ?? []);
  return {
    ...row,
    participants: people.map((each) => ({ ...each, joined_at: readTime(each.joined_at) })),
    last_message: last === null ? null : toMessage(readMessage(last), statusOf(last, marks), prefix),
  };
}
