import type { ErrorCode, Receipt } from '@parley/protocol';
import type {
  Access,
  Delivered,
  DeliveredMove,
  Page,
  PageRequest,
  ReadMove,
  ReceiptStore,
} from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import { Batcher } from './batcher.ts';
import { readCursor } from '../messaging/cursor.ts';
import type { Database } from './database.ts';
import { cutPage, pageValues } from './keyset.ts';
import { prepared } from './prepared.ts';
import { isId, standing } from './rows.ts';

interface ReadItem {
  readonly userId: string;
  readonly messageId: string;
  readonly conversationId: string | null;
}

interface ReadRow {
  readonly ord: number;
  readonly outcome: 'read' | Extract<ErrorCode, 'message_not_found' | 'not_participant'>;
  readonly conversation_id: string;
  readonly last_read_seq: number;
  readonly unread_count: number;
  readonly participant_count: number;
  readonly moved: boolean;
}

interface DeliveredRow {
  readonly conversation_id: string;
  readonly user_id: string;
  readonly last_seq: number;
  readonly participant_count: number;
}

const markReadStatement = prepared(
  'mark_read',
  'select * from parley.mark_read($1::text[], $2::uuid[], $3::uuid[])',
);

const markDeliveredStatement = prepared(
  'mark_delivered',
  'select * from parley.mark_delivered($1::uuid[], $2::text[], $3::bigint[])',
);

export class PostgresReceipts implements ReceiptStore {
  readonly #db: Database;
  readonly #reads: Batcher<ReadItem, ReadRow>;

  constructor(db: Database) {
    this.#db = db;
    this.#reads = new Batcher({
      run: (items) => this.#run(items),
      keyOf: (item) => item.userId,
      maxBatch: 500,
      inFlight: 1,
      maxQueue: 10_000,
    });
  }

  async markRead(userId: string, messageId: string, conversationId: string | null): Promise<ReadMove> {
    if (!isId(messageId) || (conversationId !== null && !isId(conversationId)))
      throw new Refusal('message_not_found');
    const row = await this.#reads.add({ userId, messageId, conversationId });
    return {
      conversationId: row.conversation_id,
      messageId,
      lastReadSeq: row.last_read_seq,
      unreadCount: row.unread_count,
      participantCount: row.participant_count,
      moved: row.moved,
    };
  }

  async markDelivered(moves: readonly DeliveredMove[]): Promise<Delivered[]> {
    const rows = await this.#db.query<DeliveredRow>(markDeliveredStatement, [
      moves.map((move) => move.conversationId),
      moves.map((move) => move.userId),
      moves.map((move) => move.lastSeq),
    ]);
    return rows.map((row) => ({
      conversationId: row.conversation_id,
      userId: row.user_id,
      lastSeq: row.last_seq,
      participantCount: row.participant_count,
    }));
  }

  async list(access: Access, message: { seq: number; senderId: string }, request: PageRequest) {
    const [page, counts] = await Promise.all([
      this.#page(access, message, request),
      this.#counts(access.conversationId, message),
    ]);
    return { ...page, ...counts };
  }

  async #run(items: readonly ReadItem[]): Promise<(ReadRow | Error)[]> {
    const rows = await this.#db.query<ReadRow>(markReadStatement, [
      items.map((item) => item.userId),
      items.map((item) => item.messageId),
      items.map((item) => item.conversationId),
    ]);
    const byOrd = new Map(rows.map((row) => [row.ord, row]));
    return items.map((_, index) => {
      const row = byOrd.get(index + 1);
      if (row === undefined) return new Error('Postgres answered no row for a receipt');
      return row.outcome === 'read' ? row : new Refusal(row.outcome);
    });
  }

  async #page(
    access: Access,
    message: { seq: number; senderId: string },
    request: PageRequest,
  ): Promise<Omit<Page<Receipt>, 'total'>> {
    const cursor = request.cursor === undefined ? null : readCursor(request.cursor, ['time', 'text']);
    const rows = await this.#db.query<Receipt & { standing: string }>(
      `with audience as (
         select p.* from parley.conversation_participants p
         where p.conversation_id = $1 and p.left_at is null and p.user_id <> $3 and p.joined_seq < $2
       ), page as (
         select * from audience p
         where $4::timestamptz is null or (p.joined_at, p.user_id) > ($4::timestamptz, $5::text)
         order by p.joined_at, p.user_id
         limit $6 offset $7
       )
       select p.user_id, ${standing}, coalesce(u.display_name, p.user_id) as display_name,
         least(delivered.at, seen.at) as delivered_at, seen.at as read_at
       from page p
       left join parley.users u on u.id = p.user_id
       left join lateral ${firstMove('delivered')} delivered on true
       left join lateral ${firstMove('read')} seen on true
       order by p.joined_at, p.user_id`,
      [access.conversationId, message.seq, message.senderId, ...pageValues(cursor, request)],
    );
    const { shown, onward } = cutPage(rows, request, (row) => [row.standing, row.user_id]);
    return {
      items: shown.map(({ user_id, display_name, delivered_at, read_at }) => ({
        user_id,
        display_name,
        delivered_at,
        read_at,
      })),
      ...onward,
    };
  }

  async #counts(conversationId: string, message: { seq: number; senderId: string }) {
    const [row] = await this.#db.query<{ total: number; delivered: number; read: number }>(
      `select count(*) as total,
         count(*) filter (where greatest(last_delivered_seq, last_read_seq) >= $2) as delivered,
         count(*) filter (where last_read_seq >= $2) as read
       from parley.conversation_participants
       where conversation_id = $1 and left_at is null and user_id <> $3 and joined_seq < $2`,
      [conversationId, message.seq, message.senderId],
    );
    return { total: row?.total ?? 0, deliveredCount: row?.delivered ?? 0, readCount: row?.read ?? 0 };
  }
}

/** When somebody's watermark first stood at or beyond the message `$2` of conversation `$1`. */
const firstMove = (status: 'delivered' | 'read'): string => `(
  select s.at from parley.message_status s
  where s.conversation_id = $1 and s.user_id = p.user_id and s.status = '${status}' and s.seq >= $2
  order by s.seq limit 1
)`;
