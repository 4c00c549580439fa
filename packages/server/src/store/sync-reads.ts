/** What a catch-up reads, each for many people or conversations at once. Transaction ids are numbers here. */
import type { Profile } from '@parley/protocol';
import type { SyncRequest } from '../messaging/ports.ts';
import { lastMessage } from './conversation-views.ts';
import type { Queryable } from './database.ts';
import {
  conversationColumns,
  messageColumns,
  messageSources,
  participantColumns,
  standing,
  type ConversationRow,
  type MessageRow,
  type ParticipantRow,
} from './rows.ts';

/** Rows of one kind that one conversation may have in an answer. */
export const maxRows = 1000;

const xid = (column: string): string => `${column}::text::bigint`;
const asXid = (column: string): string => `${column}::text::xid8`;

export interface Candidate {
  /** The request's place, from 0. */
  readonly place: number;
  readonly conversationId: string;
}

/** The next conversations of each request in which something changed. */
export async function readCandidates(
  tx: Queryable,
  requests: readonly SyncRequest[],
  limit: number,
): Promise<Candidate[]> {
  const rows = await tx.query<{ place: number; id: string }>(
    `select a.ord - 1 as place, f.id
     from unnest($1::text[], $2::bigint[], $3::uuid[]) with ordinality as a (user_id, since, after, ord)
     cross join lateral parley.changed_conversations(a.user_id, a.since, a.after, $4) as f (id)
     order by a.ord, f.id`,
    [
      requests.map(({ userId }) => userId),
      requests.map(({ since }) => since),
      requests.map(({ after }) => after),
      limit,
    ],
  );
  return rows.map(({ place, id }) => ({ place, conversationId: id }));
}

/** The conversations that those who ask for their first page are out of, since then. */
export function readLeft(
  tx: Queryable,
  requests: readonly SyncRequest[],
): Promise<{ place: number; conversation_id: string; version: number }[]> {
  return tx.query(
    `select a.ord - 1 as place, p.conversation_id, p.version
     from unnest($1::text[], $2::bigint[], $3::boolean[]) with ordinality as a (user_id, since, is_first, ord)
     cross join lateral (
       select p.conversation_id, p.version from parley.conversation_participants p
       where p.user_id = a.user_id and p.left_at is not null and p.xid >= ${asXid('a.since')} offset 0
     ) p
     where a.is_first`,
    [
      requests.map(({ userId }) => userId),
      requests.map(({ since }) => since),
      requests.map(({ after }) => after === null),
    ],
  );
}

export interface ConversationState extends ConversationRow {
  /** The transaction in which it last took a version. */
  readonly xid: number;
  readonly last_message: MessageRow | null;
}

export function readStates(tx: Queryable, ids: readonly string[]): Promise<ConversationState[]> {
  return tx.query(
    `select ${conversationColumns}, ${xid('c.xid')} as xid, ${lastMessage} as last_message
     from parley.conversations c where c.id = any ($1)`,
    [ids],
  );
}

export interface MemberState extends ParticipantRow {
  /** The transactions in which membership, watermarks or profile, and profile changed, and in which they came. */
  readonly xid: number;
  readonly receipt_xid: number;
  readonly profile_xid: number;
  readonly joined_xid: number;
  readonly is_out: boolean;
  readonly standing: string;
}

const memberColumns = `${participantColumns}, ${standing}, p.left_at is not null as is_out,
  ${xid('p.xid')} as xid, ${xid('p.receipt_xid')} as receipt_xid, ${xid('p.joined_xid')} as joined_xid,
  coalesce(${xid('u.xid')}, 0) as profile_xid`;

/** Everybody in these conversations: for small ones. */
export function readMembers(tx: Queryable, ids: readonly string[]): Promise<MemberState[]> {
  return tx.query(
    `select ${memberColumns}
     from parley.conversation_participants p
     left join parley.users u on u.id = p.user_id
     where p.conversation_id = any ($1) and p.left_at is null`,
    [ids],
  );
}

/** Single people in single conversations. */
export function readSingle(
  tx: Queryable,
  pairs: readonly { readonly conversationId: string; readonly userId: string }[],
): Promise<MemberState[]> {
  return tx.query(
    `select ${memberColumns}
     from unnest($1::uuid[], $2::text[]) as k (conversation_id, user_id)
     join parley.conversation_participants p
       on p.conversation_id = k.conversation_id and p.user_id = k.user_id and p.left_at is null
     left join parley.users u on u.id = p.user_id`,
    [pairs.map(({ conversationId }) => conversationId), pairs.map(({ userId }) => userId)],
  );
}

export interface Since {
  readonly conversationId: string;
  readonly since: number;
}

const idsOf = (places: readonly Since[]): string[] => places.map(({ conversationId }) => conversationId);

/** Who came, went, or got another role or mute, the latest first; one more than `maxRows` if that is too many. */
export function readChangedMembers(tx: Queryable, places: readonly Since[]): Promise<MemberState[]> {
  return tx.query(
    `select ${memberColumns}
     from unnest($1::uuid[], $2::bigint[]) as k (id, since)
     cross join lateral (
       select * from parley.conversation_participants p
       where p.conversation_id = k.id and p.version > coalesce((
         select q.version from (
           select p.version, p.xid from parley.conversation_participants p
           where p.conversation_id = k.id order by p.version desc limit ${maxRows + 1}
         ) q
         where q.xid < ${asXid('k.since')} order by q.version desc limit 1
       ), 0)
       order by p.version desc limit ${maxRows + 1}
     ) p
     left join parley.users u on u.id = p.user_id`,
    [idsOf(places), places.map(({ since }) => since)],
  );
}

/** Members of large conversations whose profile changed: the latest first, one more than `maxRows` if too many. */
export function readChangedProfiles(
  tx: Queryable,
  ids: readonly string[],
  since: number,
): Promise<(Profile & { readonly conversation_id: string | null; readonly xid: number })[]> {
  return tx.query(
    `select u.id as user_id, u.display_name, u.avatar_url, ${xid('u.xid')} as xid, p.conversation_id
     from (
       select * from parley.users u where u.xid >= $2::text::xid8 order by u.xid desc limit ${maxRows + 1}
     ) u
     left join parley.conversation_participants p
       on p.conversation_id = any ($1) and p.user_id = u.id and p.left_at is null`,
    [ids, since],
  );
}

/** Where what somebody knows of a conversation's messages ends. */
export interface Boundary extends Since {
  /** Later ones are new to them; of those up to here, what changed at a version after `after_version`. */
  readonly after_seq: number;
  readonly after_version: number;
  /** How many messages that is, or more than `maxRows`. */
  readonly count: number;
}

/**
 * The messages that had been committed at a moment are those up to some `seq`, and the changes of messages those up to
 * some version: what is newest is read backwards until something is older.
 */
export async function readBoundaries(tx: Queryable, places: readonly Since[]): Promise<Boundary[]> {
  const rows = await tx.query<Omit<Boundary, 'conversationId'> & { id: string }>(
    `select k.id, k.since, b.after_seq, v.after_version,
       k.last_seq - b.after_seq + (
         select count(*) from (
           select from parley.messages m
           where m.conversation_id = k.id and m.version > v.after_version and m.version > m.created_version
           limit ${maxRows + 1}
         ) changed
       ) as count
     from unnest($1::uuid[], $2::bigint[]) as a (id, since)
     cross join lateral (
       select c.id, a.since, c.last_seq from parley.conversations c where c.id = a.id offset 0
     ) k
     cross join lateral (
       select coalesce((
         select q.seq from (
           select m.seq, m.xid from parley.messages m
           where m.conversation_id = k.id order by m.seq desc limit ${maxRows + 1}
         ) q
         where q.xid < ${asXid('k.since')} order by q.seq desc limit 1
       ), greatest(k.last_seq - ${maxRows + 1}, 0)) as after_seq
     ) b
     cross join lateral (
       select coalesce((
         select q.version from (
           select m.version, m.xid from parley.messages m
           where m.conversation_id = k.id and m.version > m.created_version
           order by m.version desc limit ${maxRows + 1}
         ) q
         where q.xid < ${asXid('k.since')} order by q.version desc limit 1
       ), 0) as after_version
     ) v`,
    [idsOf(places), places.map(({ since }) => since)],
  );
  return rows.map(({ id, ...row }) => ({ conversationId: id, ...row }));
}

export interface ChangedMessage extends MessageRow {
  readonly xid: number;
}

/** The messages beyond these boundaries, by `seq`. */
export function readChangedMessages(
  tx: Queryable,
  boundaries: readonly Boundary[],
): Promise<ChangedMessage[]> {
  const select = `select ${messageColumns()}, ${xid('m.xid')} as xid ${messageSources}`;
  return tx.query(
    `select s.*
     from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as k (id, after_seq, after_version)
     cross join lateral (
       ${select} where m.conversation_id = k.id and m.seq > k.after_seq
       union all
       ${select} where m.conversation_id = k.id and m.version > k.after_version
         and m.version > m.created_version and m.seq <= k.after_seq
     ) s
     order by s.conversation_id, s.seq`,
    [
      idsOf(boundaries),
      boundaries.map(({ after_seq }) => after_seq),
      boundaries.map(({ after_version }) => after_version),
    ],
  );
}
