import { limits, type Conversation, type Participant, type ParticipantRole } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import type { Queryable } from './database.ts';
import { prepared } from './prepared.ts';
import { conversationColumns, isId, messageColumns, messageSources, statusOf, toMessage } from './rows.ts';
import type { ConversationRow, MessageRow, Watermark } from './rows.ts';

interface ViewRow extends ConversationRow {
  readonly my_role: ParticipantRole | null;
  readonly unread_count: number;
  readonly participants: Participant[] | null;
  readonly last_message: MessageRow | null;
  readonly watermarks: Watermark[] | null;
}

/** A time within JSON, as the protocol writes it. */
const isoTime = (column: string): string =>
  `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const iso = (column: string): string => `${isoTime(column)} as ${column.slice(column.indexOf('.') + 1)}`;

const participants = `(
  select json_agg(
    json_build_object(
      'user_id', f.user_id, 'display_name', coalesce(u.display_name, f.user_id), 'avatar_url', u.avatar_url,
      'role', f.role, 'is_muted', f.is_muted, 'joined_at', ${isoTime('f.joined_at')}, 'joined_seq', f.joined_seq,
      'last_read_seq', f.last_read_seq, 'last_delivered_seq', f.last_delivered_seq
    ) order by f.joined_at, f.user_id
  )
  from (
    select * from parley.conversation_participants f
    where f.conversation_id = c.id and f.left_at is null
    order by f.joined_at, f.user_id
    limit ${limits.participantsShown}
  ) f
  left join parley.users u on u.id = f.user_id
)`;

const lastMessage = `(
  select row_to_json(s)
  from (
    select ${messageColumns(iso)} ${messageSources}
    where m.conversation_id = c.id and m.seq = c.last_seq
  ) s
)`;

/** Needed for the status of the last message alone; see `readWatermarks`. */
const watermarks = `(
  select json_agg(row_to_json(s))
  from (
    select w.user_id, w.joined_seq, w.last_read_seq, w.last_delivered_seq
    from parley.conversation_participants w
    where w.conversation_id = c.id and w.left_at is null and c.participant_count <= ${limits.receiptAudience}
  ) s
)`;

export const viewsStatement = prepared(
  'views',
  `select ${conversationColumns}, p.role as my_role, coalesce(c.last_seq - p.last_read_seq, 0) as unread_count,
    ${participants} as participants, ${lastMessage} as last_message, ${watermarks} as watermarks
  from (select * from parley.conversations c where c.id = any ($1) offset 0) c
  left join parley.conversation_participants p
    on p.conversation_id = c.id and p.user_id = $2 and p.left_at is null
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
  { participants: people, last_message: last, watermarks: marks, ...row }: ViewRow,
  prefix: string,
): Conversation {
  return {
    ...row,
    participants: people ?? [],
    last_message: last === null ? null : toMessage(last, statusOf(last, marks ?? []), prefix),
  };
}
