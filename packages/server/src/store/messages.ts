import type { Message } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import type { Access, HistoryRequest, MessageStore, Page, PageRequest } from '../messaging/ports.ts';
import { readCursor, writeCursor } from '../messaging/cursor.ts';
import type { Database, Queryable } from './database.ts';
import { History } from './history.ts';
import { isId, selectMessages, statusOf, toMessage, type MessageRow } from './rows.ts';
import { readWatermarks } from './watermarks.ts';

export class PostgresMessages implements MessageStore {
  readonly #db: Database;
  readonly #prefix: string;
  readonly #history: History;

  constructor(db: Database, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
    this.#history = new History(db, prefix);
  }

  async locate(messageId: string) {
    if (!isId(messageId)) return null;
    const [row] = await this.#db.query<{ conversation_id: string; seq: number; sender_id: string }>(
      `select m.conversation_id, m.seq, m.sender_id
       from parley.messages m
       join parley.conversations c on c.id = m.conversation_id and not c.is_deleted
       where m.id = $1`,
      [messageId],
    );
    return row === undefined
      ? null
      : { conversationId: row.conversation_id, seq: row.seq, senderId: row.sender_id };
  }

  async history(conversationId: string, actor: Actor, request: HistoryRequest) {
    return isId(conversationId) ? this.#history.read(conversationId, actor, request) : null;
  }

  async replies(access: Access, messageId: string, request: PageRequest): Promise<Page<Message>> {
    const [parent] = await this.#db.query<{ reply_count: number }>(
      'select reply_count from parley.messages where id = $1 and conversation_id = $2',
      [messageId, access.conversationId],
    );
    const total = parent?.reply_count ?? 0;
    const before = request.cursor === undefined ? total + 1 : readCursor(request.cursor, ['count'])[0];
    const skipped = request.cursor === undefined ? (request.page - 1) * request.limit : 0;
    const to = Math.max(Math.min(before - 1, total) - skipped, 0);
    const from = to - request.limit + 1;
    const rows = await this.#db.query<MessageRow>(
      `${selectMessages} where m.reply_to_id = $1 and m.reply_ordinal between $2 and $3 order by m.reply_ordinal desc`,
      [messageId, Math.max(from, 1), to],
    );
    const hasMore = from > 1 && to > 0;
    return {
      items: await this.#present(rows),
      total,
      hasMore,
      nextCursor: hasMore ? writeCursor([from]) : null,
      page: request.page,
    };
  }

  read(messageId: string): Promise<Message | null> {
    return readMessage(this.#db, messageId, this.#prefix);
  }

  async #present(rows: readonly MessageRow[]): Promise<Message[]> {
    const [first] = rows;
    if (first === undefined) return [];
    const watermarks =
      (await readWatermarks(this.#db, [first.conversation_id])).get(first.conversation_id) ?? [];
    return rows.map((row) => toMessage(row, statusOf(row, watermarks), this.#prefix));
  }
}

/** One message in its present state, on a connection or within a transaction. */
export async function readMessage(db: Queryable, messageId: string, prefix: string): Promise<Message | null> {
  const [row] = await db.query<MessageRow>(`${selectMessages} where m.id = $1`, [messageId]);
  if (row === undefined) return null;
  const watermarks = (await readWatermarks(db, [row.conversation_id])).get(row.conversation_id) ?? [];
  return toMessage(row, statusOf(row, watermarks), prefix);
}
