import { limits, type Message } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import type { Access, HistoryRequest, Page } from '../messaging/ports.ts';
import { writeCursor } from '../messaging/cursor.ts';
import { accessColumns, toAccess, type AccessRow } from './access.ts';
import { Batcher } from './batcher.ts';
import type { Database } from './database.ts';
import { HeldPages, type HeldPage } from './held-pages.ts';
import { prepared } from './prepared.ts';
import {
  messageColumnsAlone,
  presentMetadata,
  readMessage,
  statusOf,
  type MessageRow,
  type Watermark,
} from './rows.ts';

/**
 * Which `seq`s a request asks for: `limit` of them, the newest being `top` or the last there is, whichever comes first,
 * and `skipped` lower; none below `floor`. Ranges, never OFFSET: every depth costs the same.
 */
interface Place {
  readonly top: number;
  readonly skipped: number;
  readonly limit: number;
  readonly floor: number;
}

const first = { top: Number.MAX_SAFE_INTEGER, skipped: 0, floor: 1 } as const;

export function placeOf(request: HistoryRequest): Place {
  const { kind, limit } = request;
  switch (kind) {
    case 'page':
      return { ...first, limit, skipped: (request.page - 1) * limit };
    case 'before':
      return { ...first, limit, top: request.seq - 1 };
    case 'after':
      return { ...first, limit, top: request.seq + limit, floor: request.seq + 1 };
    case 'around':
      // Where either end is near, the page is filled from the other side.
      return { ...first, limit, top: Math.max(request.seq + Math.floor(limit / 2), limit) };
  }
}

/** The `seq`s of a page, both included; `statement` says the same. */
interface Range {
  readonly from: number;
  readonly to: number;
}

export function rangeOf({ top, skipped, limit, floor }: Place, lastSeq: number): Range {
  const to = Math.min(top, lastSeq) - skipped;
  return { from: Math.max(to - limit + 1, floor), to };
}

/** Whether there is more in the direction in which the request reads, and how to ask for it. */
function onward(
  { kind }: HistoryRequest,
  { from, to }: Range,
  lastSeq: number,
): Pick<Page<Message>, 'hasMore' | 'nextCursor'> {
  const hasMore = kind === 'after' ? to < lastSeq : from > 1 && to >= from;
  if (!hasMore) return { hasMore, nextCursor: null };
  return { hasMore, nextCursor: writeCursor(kind === 'after' ? ['after', to] : ['before', from]) };
}

interface HistoryRow extends AccessRow {
  readonly version: number;
  readonly watermarks: readonly Watermark[] | null;
  readonly changed: readonly MessageRow[] | null;
}

/** A page that is asked for, and what of it is held. */
interface Item {
  readonly conversationId: string;
  readonly userId: string;
  readonly place: Place;
  readonly held: HeldPage;
}

interface Answer {
  readonly row: HistoryRow;
  /** The names of those who sent what is held. */
  readonly names: Readonly<Record<string, string>>;
}

const to = 'least(i.top, c.last_seq) - i.skipped';
const from = `greatest(${to} - i.size + 1, i.floor)`;

/**
 * Pages of conversations for those who ask at the same time, each in one row, and all of one moment: who asks, everybody's
 * watermarks, and the messages that are not held. A message that changes takes a version. What it replies to and who sent
 * it may change without one: so replies are always read, and the names of those who sent what is held ($11) beside.
 *
 * Look-ups of single rows are scalar: joins would be begun each time, and mostly for nothing.
 */
export const historyStatement = prepared(
  'history',
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
     case when i.ord = 1 then (
       select json_object_agg(u.id, u.display_name) from parley.users u where u.id = any ($11::text[])
     ) end as names
   from unnest(
     $1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
     $9::bigint[], $10::boolean[]
   ) with ordinality as i (
     conversation_id, user_id, top, skipped, size, floor, held_version, held_from, held_to, has_replies, ord
   )
   left join lateral (
     select * from parley.conversations c where c.id = i.conversation_id offset 0
   ) c on not c.is_deleted
   left join lateral (
     select * from parley.conversation_participants p
     where p.conversation_id = i.conversation_id and p.user_id = i.user_id offset 0
   ) p on p.left_at is null
   order by i.ord`,
);

const nothing: HeldPage = { version: 0, from: 1, to: 0, rows: new Map() };

/** Bytes of messages that are held at most, about. */
const heldBytes = 32 * 2 ** 20;

export class History {
  readonly #db: Database;
  readonly #prefix: string;
  readonly #held = new HeldPages(heldBytes);
  readonly #reads: Batcher<Item, Answer | null>;
  #count = 0;

  constructor(db: Database, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
    this.#reads = new Batcher({
      run: (items) => this.#ask(items),
      // Nobody waits for another who reads the same.
      keyOf: () => String(++this.#count),
      maxBatch: 16,
      inFlight: 4,
      maxQueue: 5000,
    });
  }

  /** Of a conversation whose id is one of ours. */
  async read(
    conversationId: string,
    actor: Actor,
    request: HistoryRequest,
  ): Promise<{ access: Access; page: Page<Message> } | null> {
    const place = placeOf(request);
    const key = [conversationId, place.top, place.skipped, place.limit, place.floor].join(' ');
    const held = this.#held.get(key) ?? nothing;
    const answer = await this.#reads.add({ conversationId, userId: actor.userId, place, held });
    if (answer === null) return null;
    const { row } = answer;
    // Back at an earlier time: what is held may never have been.
    if (row.version < held.version) {
      this.#held.delete(key);
      return this.read(conversationId, actor, request);
    }
    const range = rangeOf(place, row.last_seq);
    const rows = merge(range, held, row);
    if (rows !== held.rows) this.#held.set(key, { version: row.version, ...range, rows });
    return {
      access: toAccess(row),
      page: {
        items: this.#present(range, rows, answer),
        total: row.last_seq,
        ...onward(request, range, row.last_seq),
        page: request.kind === 'page' ? request.page : 1,
      },
    };
  }

  async #ask(items: readonly Item[]): Promise<(Answer | null)[]> {
    const senders = new Set<string>();
    const hasReplies = items.map(({ held }) => {
      let any = false;
      for (const row of held.rows.values()) {
        senders.add(row.sender_id);
        any ||= row.reply_to_id !== null;
      }
      return any;
    });
    const rows = await this.#db.query<HistoryRow & { id: string | null; names: Answer['names'] | null }>(
      historyStatement,
      [
        items.map(({ conversationId }) => conversationId),
        items.map(({ userId }) => userId),
        items.map(({ place }) => place.top),
        items.map(({ place }) => place.skipped),
        items.map(({ place }) => place.limit),
        items.map(({ place }) => place.floor),
        items.map(({ held }) => held.version),
        items.map(({ held }) => held.from),
        items.map(({ held }) => held.to),
        hasReplies,
        [...senders],
      ],
    );
    const names = rows[0]?.names ?? {};
    return rows.map((row) => (row.id === null ? null : { row, names }));
  }

  #present({ from, to }: Range, rows: HeldPage['rows'], { row: { watermarks }, names }: Answer): Message[] {
    const marks = watermarks ?? [];
    const items: Message[] = [];
    for (let seq = to; seq >= from; seq--) {
      const row = rows.get(seq);
      if (row === undefined) continue;
      items.push({
        ...row,
        sender_name: names[row.sender_id] ?? row.sender_name,
        metadata: presentMetadata(row.metadata, this.#prefix),
        status: statusOf(row, marks),
      });
    }
    return items;
  }
}

/** The messages of a range: those that changed as they are now, the others as they are held. */
function merge({ from, to }: Range, held: HeldPage, { changed }: HistoryRow): HeldPage['rows'] {
  if (changed === null && held.from === from && held.to === to) return held.rows;
  const rows = new Map<number, MessageRow>();
  for (let seq = from; seq <= to; seq++) {
    const row = held.rows.get(seq);
    if (row !== undefined) rows.set(seq, row);
  }
  for (const row of changed ?? []) rows.set(row.seq, readMessage(row));
  return rows;
}
