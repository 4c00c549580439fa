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
} from './rows.ts';

/** Rows of one kind that one conversation may have in an answer. */
export const maxRows = 1000;
/** Changed profiles of all people among which those of a large conversation are looked for. */
export const maxProfiles = 5000;

export const xid = (column: string): string => `${column}::text::bigint`;
export const asXid = (column: string): string => `${column}::text::xid8`;

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

/** Somebody whose membership changed. */
export interface MemberState extends ParticipantRow {
  readonly xid: number;
  readonly is_out: boolean;
  readonly standing: string;
}

export const idsOf = (places: readonly { readonly conversationId: string }[]): string[] =>
  places.map(({ conversationId }) => conversationId);

/** Who came, went, or got another role or mute, beyond these boundaries. */
export function readChangedMembers(
  tx: Queryable,
  boundaries: readonly { readonly conversationId: string; readonly after_member_version: number }[],
): Promise<MemberState[]> {
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
  const select = `select ${messageColumns}, ${xid('m.xid')} as xid ${messageSources}`;
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
