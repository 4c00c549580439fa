import { limits } from '@parley/protocol';
import { accessColumns } from './access.ts';
import { prepared } from './prepared.ts';
import { messageColumnsAlone } from './rows.ts';

/** The range of a page, both included; `rangeOf` says the same. */
const to = 'least(i.top, c.last_seq) - i.skipped';
const from = `greatest(${to} - i.size + 1, i.floor)`;

/**
 * Pages, each in one row, and all of one moment: who asks, everybody's watermarks, and the messages that are not held. A
 * message that changes takes a version. What it replies to and who sent it may change without one: so replies are always
 * read, and the names of those who sent what is held beside. `pages` is the places that are asked for, as `i`.
 *
 * Look-ups of single rows are scalar: joins would be begun each time, and mostly for nothing.
 */
const selectPages = (pages: string, more: string): string =>
  `select c.version, ${accessColumns},
     (
       select json_agg(row_to_json(s)) from (
         select w.user_id, w.joined_seq, w.last_read_seq, w.last_delivered_seq
         from parley.conversation_participants w
         where w.conversation_id = c.id and w.left_at is null and c.participant_count <= ${limits.receiptAudience}
       ) s
     ) as watermarks,
     case when c.version > i.held_version or ${from} < i.held_from or ${to} > i.held_to or i.has_replies then (
       select json_agg(row_to_json(s)) from (
         select ${messageColumnsAlone}
         from parley.messages m
         where m.conversation_id = c.id and m.seq between ${from} and ${to}
           and (m.version > i.held_version or m.seq < i.held_from or m.seq > i.held_to or m.reply_to_id is not null)
       ) s
     ) end as changed,
     ${more}
   from ${pages}
   left join lateral (
     select * from parley.conversations c where c.id = i.conversation_id offset 0
   ) c on not c.is_deleted
   left join lateral (
     select * from parley.conversation_participants p
     where p.conversation_id = i.conversation_id and p.user_id = i.user_id offset 0
   ) p on p.left_at is null`;

/** For those who ask at the same time; with the names of those who sent what is held ($11). */
export const historyStatement = prepared(
  'history',
  `${selectPages(
    `unnest(
       $1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
       $9::bigint[], $10::boolean[]
     ) with ordinality as i (
       conversation_id, user_id, top, skipped, size, floor, held_version, held_from, held_to, has_replies, ord
     )`,
    `case when i.ord = 1 then (
       select json_object_agg(u.id, u.display_name) from parley.users u where u.id = any ($11::text[])
     ) end as names`,
  )}
   order by i.ord`,
);

/**
 * The page around a message ($3) that is known by its id alone, found in the same moment; without one, where that is no
 * message of the conversation, a page of nothing. Whoever asks holds no such page: its place is only known now.
 */
export const aroundStatement = prepared(
  'history_around',
  selectPages(
    `(
       select $1::uuid as conversation_id, $2::text as user_id, greatest(m.seq + $5::bigint, $4::bigint) as top,
         0 as skipped, case when m.seq is null then 0 else $4::bigint end as size, 1 as floor,
         0 as held_version, 1 as held_from, 0 as held_to, false as has_replies, m.seq as around_seq
       from (
         select (select seq from parley.messages where id = $3::uuid and conversation_id = $1::uuid) as seq offset 0
       ) m
     ) as i`,
    'i.around_seq',
  ),
);
