import type { Queryable } from './database.ts';
import { asXid, idsOf, maxRows, type Since } from './sync-reads.ts';

/** Where what somebody knows of a conversation ends, and how much there is beyond. */
export interface Boundary extends Since {
  /** Later messages are new to them; of those up to here, what changed at a version after `after_version`. */
  readonly after_seq: number;
  readonly after_version: number;
  readonly after_member_version: number;
  /** How many messages and members that is, or more than `maxRows`. */
  readonly messages: number;
  readonly members: number;
  /** What the messages hold, in bytes. */
  readonly bytes: number;
}

/** Places in one statement: each may have a thousand rows to look at. */
const boundarySlice = 500;

/**
 * What had been committed at a moment is the messages up to some `seq`, and the changes of messages and members up to some
 * version: what is newest is read backwards until something is older. Where the thousandth is not, nothing more is read.
 */
export async function readBoundaries(tx: Queryable, places: readonly Since[]): Promise<Boundary[]> {
  const found: Boundary[] = [];
  for (let start = 0; start < places.length; start += boundarySlice)
    found.push(...(await readBoundarySlice(tx, places.slice(start, start + boundarySlice))));
  return found;
}

/** The last version, by an index on (conversation, version), at which a row is older than the place's moment. */
const olderVersion = (table: string, where = 'true'): string => `coalesce((
  select q.version from (
    select r.version, r.xid from ${table} r
    where r.conversation_id = k.id and ${where} order by r.version desc limit ${maxRows + 1}
  ) q
  where q.xid < k.since order by q.version desc limit 1
), 0)`;

function readBoundarySlice(tx: Queryable, places: readonly Since[]): Promise<Boundary[]> {
  return tx.query(
    `select k.id as "conversationId", k.place_since as since,
       coalesce(b.after_seq, k.last_seq) as after_seq, coalesce(b.after_version, 0) as after_version,
       v.after_member_version, n.members,
       case when k.is_over then ${maxRows + 1} else b.new + b.changed end as messages,
       coalesce(b.bytes, 0) as bytes
     from unnest($1::uuid[], $2::bigint[]) as a (id, since)
     cross join lateral (
       select c.id, a.since as place_since, ${asXid('a.since')} as since, c.last_seq, coalesce((
         select m.xid >= ${asXid('a.since')} from parley.messages m
         where m.conversation_id = c.id and m.seq = c.last_seq - ${maxRows}
       ), false) as is_over
       from parley.conversations c where c.id = a.id offset 0
     ) k
     cross join lateral (
       select ${olderVersion('parley.conversation_participants')} as after_member_version offset 0
     ) v
     cross join lateral (
       select count(*) as members from (
         select from parley.conversation_participants p
         where p.conversation_id = k.id and p.version > v.after_member_version limit ${maxRows + 1}
       ) p
     ) n
     left join lateral (
       select s.after_seq, e.after_version, fresh.new, changed.changed, fresh.bytes + changed.bytes as bytes
       from (
         select coalesce((
           select q.seq from (
             select m.seq, m.xid from parley.messages m
             where m.conversation_id = k.id order by m.seq desc limit ${maxRows + 1}
           ) q
           where q.xid < k.since order by q.seq desc limit 1
         ), 0) as after_seq
         where not k.is_over offset 0
       ) s
       cross join lateral (
         select ${olderVersion('parley.messages', 'r.version > r.created_version')} as after_version offset 0
       ) e
       cross join lateral (
         select count(*) as new, ${bytesOf('m')} as bytes from parley.messages m
         where m.conversation_id = k.id and m.seq > s.after_seq
       ) fresh
       cross join lateral (
         select count(*) as changed, ${bytesOf('m')} as bytes from (
           select * from parley.messages m
           where m.conversation_id = k.id and m.version > e.after_version and m.version > m.created_version
           limit ${maxRows + 1}
         ) m
       ) changed
     ) b on true`,
    [idsOf(places), places.map(({ since }) => since)],
  );
}

const bytesOf = (row: string): string =>
  `coalesce(sum(octet_length(${row}.content) + pg_column_size(${row}.metadata)), 0)::bigint`;
