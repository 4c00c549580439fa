/** What a catch-up reads, each for many people or conversations at once. Transaction ids are numbers here. */
import type { ParticipantRole, Profile, Watermarks } from '@parley/protocol';
import type { SyncRequest } from '../messaging/ports.ts';
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
  type Watermark,
} from './rows.ts';
import { readWatermarks } from './watermarks.ts';

/** Rows of one kind that one conversation may have in an answer. */
export const maxRows = 1000;
/** Changed profiles of all people among which those of a large conversation are looked for. */
export const maxProfiles = 5000;

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
}

export function readStates(tx: Queryable, ids: readonly string[]): Promise<ConversationState[]> {
  return tx.query(
    `select ${conversationColumns}, ${xid('c.xid')} as xid from parley.conversations c where c.id = any ($1)`,
    [ids],
  );
}

/** Where a person who asks stands in a conversation. */
export interface OwnState extends Watermarks {
  readonly place: number;
  readonly conversation_id: string;
  readonly role: ParticipantRole;
  readonly receipt_xid: number;
  readonly joined_xid: number;
}

export function readOwn(
  tx: Queryable,
  requests: readonly SyncRequest[],
  candidates: readonly Candidate[],
): Promise<OwnState[]> {
  return tx.query(
    `select k.place, p.conversation_id, p.user_id, p.role, p.last_read_seq, p.last_delivered_seq,
       ${xid('p.receipt_xid')} as receipt_xid, ${xid('p.joined_xid')} as joined_xid
     from unnest($1::integer[], $2::uuid[], $3::text[]) as k (place, conversation_id, user_id)
     cross join lateral (
       select * from parley.conversation_participants p
       where p.conversation_id = k.conversation_id and p.user_id = k.user_id offset 0
     ) p
     order by k.place, p.conversation_id`,
    [
      candidates.map(({ place }) => place),
      candidates.map(({ conversationId }) => conversationId),
      candidates.map(({ place }) => requests[place]?.userId),
    ],
  );
}

export interface Since {
  readonly conversationId: string;
  readonly since: number;
}

/** The people of a small conversation, as far as its messages' status and what they did since need them. */
export interface Circle {
  readonly conversation_id: string;
  readonly watermarks: readonly Watermark[];
  /** Whose watermarks or profile changed. */
  readonly touched: readonly Touched[];
}

export type Touched = Watermarks & Profile & { readonly receipt_xid: number; readonly profile_xid: number };

interface CircleRow {
  readonly conversation_id: string;
  readonly people: number;
  readonly last_joined_seq: number;
  readonly least_read: number;
  readonly least_delivered: number;
  readonly touched: readonly Touched[] | null;
}

/**
 * Everybody's watermarks cost too much to read for thousands who come back at once. While nobody came later, a message
 * is as far as the last of all: its sender stands at it or beyond. Otherwise they are read one by one.
 */
export async function readCircles(tx: Queryable, places: readonly Since[]): Promise<Circle[]> {
  const rows = await tx.query<CircleRow>(
    `select k.id as conversation_id, c.*
     from unnest($1::uuid[], $2::bigint[]) as k (id, since)
     cross join lateral (
       select count(*) as people, max(p.joined_seq) as last_joined_seq,
         min(p.last_read_seq) as least_read, min(p.last_delivered_seq) as least_delivered,
         json_agg(json_build_object(
           'user_id', p.user_id, 'last_read_seq', p.last_read_seq, 'last_delivered_seq', p.last_delivered_seq,
           'display_name', coalesce(u.display_name, p.user_id), 'avatar_url', u.avatar_url,
           'receipt_xid', ${xid('p.receipt_xid')}, 'profile_xid', coalesce(${xid('u.xid')}, 0)
         )) filter (where p.receipt_xid >= ${asXid('k.since')}) as touched
       from parley.conversation_participants p
       left join lateral (
         select * from parley.users u where u.id = p.user_id and p.receipt_xid >= ${asXid('k.since')} offset 0
       ) u on true
       where p.conversation_id = k.id and p.left_at is null
     ) c`,
    [idsOf(places), places.map(({ since }) => since)],
  );
  const uneven = new Set(rows.filter(({ people, last_joined_seq }) => people < 2 || last_joined_seq > 0));
  const each = await readWatermarks(
    tx,
    [...uneven].map(({ conversation_id }) => conversation_id),
  );
  return rows.map((row) => ({
    conversation_id: row.conversation_id,
    watermarks: uneven.has(row) ? (each.get(row.conversation_id) ?? []) : [lastOf(row)],
    touched: row.touched ?? [],
  }));
}

const lastOf = ({ least_read, least_delivered }: CircleRow): Watermark => ({
  // Nobody's id.
  user_id: '',
  joined_seq: 0,
  last_read_seq: least_read,
  last_delivered_seq: least_delivered,
});

/** Somebody whose membership changed. */
export interface MemberState extends ParticipantRow {
  readonly xid: number;
  readonly is_out: boolean;
  readonly standing: string;
}

const idsOf = (places: readonly Since[]): string[] => places.map(({ conversationId }) => conversationId);

/** Who came, went, or got another role or mute, beyond these boundaries. */
export function readChangedMembers(tx: Queryable, boundaries: readonly Boundary[]): Promise<MemberState[]> {
  return tx.query(
    `select ${participantColumns}, ${standing}, p.left_at is not null as is_out, ${xid('p.xid')} as xid
     from unnest($1::uuid[], $2::bigint[]) as k (id, after_version)
     cross join lateral (
       select * from parley.conversation_participants p
       where p.conversation_id = k.id and p.version > k.after_version offset 0
     ) p
     left join parley.users u on u.id = p.user_id`,
    [idsOf(boundaries), boundaries.map(({ after_member_version }) => after_member_version)],
  );
}

/** Profiles that changed, the latest first, one more than `maxProfiles` if too many; and in which of these they are. */
export function readChangedProfiles(
  tx: Queryable,
  ids: readonly string[],
  since: number,
): Promise<(Profile & { readonly conversation_id: string | null; readonly xid: number })[]> {
  return tx.query(
    `select u.id as user_id, u.display_name, u.avatar_url, ${xid('u.xid')} as xid, p.conversation_id
     from (
       select * from parley.users u where u.xid >= $2::text::xid8 order by u.xid desc limit ${maxProfiles + 1}
     ) u
     left join parley.conversation_participants p
       on p.conversation_id = any ($1) and p.user_id = u.id and p.left_at is null`,
    [ids, since],
  );
}

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

export interface ChangedMessage extends MessageRow {
  readonly xid: number;
}

/** What to read of a conversation's messages. */
export interface Portion {
  readonly conversationId: string;
  readonly afterSeq: number;
  /** Of those up to there, what changed at a later version; null for none. */
  readonly afterVersion: number | null;
}

/** By `seq`. */
export function readPortions(tx: Queryable, portions: readonly Portion[]): Promise<ChangedMessage[]> {
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
      portions.map(({ conversationId }) => conversationId),
      portions.map(({ afterSeq }) => afterSeq),
      portions.map(({ afterVersion }) => afterVersion),
    ],
  );
}
