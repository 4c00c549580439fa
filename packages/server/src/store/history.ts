import type { Message } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import type { HistoryAnswer, HistoryRequest, Page } from '../messaging/ports.ts';
import { writeCursor } from '../messaging/cursor.ts';
import { toAccess, type AccessRow } from './access.ts';
import { Batcher } from './batcher.ts';
import type { Database } from './database.ts';
import { HeldPages, type HeldPage } from './held-pages.ts';
import { aroundStatement, historyStatement } from './history-statements.ts';
import { isId, presentMetadata, readMessage, statusOf, type MessageRow, type Watermark } from './rows.ts';

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

type AroundIdRequest = Extract<HistoryRequest, { kind: 'around_id' }>;
/** A request that says by itself where its page is. */
type PlacedRequest = Exclude<HistoryRequest, AroundIdRequest>;

export function placeOf(request: PlacedRequest): Place {
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
      return { ...first, limit, top: Math.max(request.seq + newerThanMiddle(limit), limit) };
  }
}

/** How many of a page around a message are newer than it. */
const newerThanMiddle = (limit: number): number => Math.floor(limit / 2);

/** The `seq`s of a page, both included; history-statements.ts says the same. */
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
  { kind }: PlacedRequest,
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

const keyOf = (conversationId: string, { top, skipped, limit, floor }: Place): string =>
  [conversationId, top, skipped, limit, floor].join(' ');

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

  /** Of a conversation whose id is one of ours. No page: what is asked for around is no message of it. */
  async read(conversationId: string, actor: Actor, request: HistoryRequest): Promise<HistoryAnswer | null> {
    if (request.kind === 'around_id') return this.#readAround(conversationId, actor, request);
    const place = placeOf(request);
    const key = keyOf(conversationId, place);
    const held = this.#held.get(key) ?? nothing;
    const answer = await this.#reads.add({ conversationId, userId: actor.userId, place, held });
    if (answer === null) return null;
    // Back at an earlier time: what is held may never have been.
    if (answer.row.version < held.version) {
      this.#held.delete(key);
      return this.read(conversationId, actor, request);
    }
    return { access: toAccess(answer.row), page: this.#page(conversationId, request, held, answer) };
  }

  async #readAround(
    conversationId: string,
    actor: Actor,
    { messageId, limit }: AroundIdRequest,
  ): Promise<HistoryAnswer | null> {
    const [row] = await this.#db.query<HistoryRow & { id: string | null; around_seq: number | null }>(
      aroundStatement,
      [conversationId, actor.userId, isId(messageId) ? messageId : null, limit, newerThanMiddle(limit)],
    );
    if (row === undefined || row.id === null) return null;
    const access = toAccess(row);
    if (row.around_seq === null) return { access, page: null };
    const request = { kind: 'around', seq: row.around_seq, limit } as const;
    return { access, page: this.#page(conversationId, request, nothing, { row, names: {} }) };
  }

  #page(conversationId: string, request: PlacedRequest, held: HeldPage, answer: Answer): Page<Message> {
    const { row } = answer;
    const place = placeOf(request);
    const range = rangeOf(place, row.last_seq);
    const rows = merge(range, held, row);
    if (rows !== held.rows)
      this.#held.set(keyOf(conversationId, place), { version: row.version, ...range, rows });
    return {
      items: this.#present(range, rows, answer),
      total: row.last_seq,
      ...onward(request, range, row.last_seq),
      page: request.kind === 'page' ? request.page : 1,
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
