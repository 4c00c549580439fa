import type { Profile, Watermarks } from '@parley/protocol';
import type { Queryable } from './database.ts';
import type { Watermark } from './rows.ts';
import { asXid, idsOf, xid, type Since } from './sync-reads.ts';
import { readWatermarks } from './watermarks.ts';

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
