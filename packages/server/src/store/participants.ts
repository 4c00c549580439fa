import type { Participant } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import type { ConversationTransaction, Page, PageRequest, ParticipantStore } from '../messaging/ports.ts';
import { readCursor } from '../messaging/cursor.ts';
import type { Database } from './database.ts';
import { cutPage, pageValues } from './keyset.ts';
import { participantColumns, standing, toParticipant, type ParticipantRow } from './rows.ts';
import { lockConversation } from './transaction.ts';

export class PostgresParticipants implements ParticipantStore {
  readonly #db: Database;
  readonly #prefix: string;

  constructor(db: Database, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
  }

  async list(conversationId: string, request: PageRequest): Promise<Page<Participant>> {
    const cursor = request.cursor === undefined ? null : readCursor(request.cursor, ['time', 'text']);
    const rows = await this.#db.query<ParticipantRow & { total: number; standing: string }>(
      `select ${participantColumns}, c.participant_count as total, ${standing}
       from parley.conversations c
       join parley.conversation_participants p on p.conversation_id = c.id and p.left_at is null
       left join parley.users u on u.id = p.user_id
       where c.id = $1 and ($2::timestamptz is null or (p.joined_at, p.user_id) > ($2::timestamptz, $3::text))
       order by p.joined_at, p.user_id
       limit $4 offset $5`,
      [conversationId, ...pageValues(cursor, request)],
    );
    const { shown, onward } = cutPage(rows, request, (row) => [row.standing, row.user_id]);
    return {
      items: shown.map(({ total: _, standing: __, ...row }) => toParticipant(row)),
      total: rows[0]?.total ?? (await this.#count(conversationId)),
      ...onward,
    };
  }

  inConversation<T>(
    conversationId: string,
    actor: Actor,
    work: (tx: ConversationTransaction) => Promise<T>,
  ): Promise<T | null> {
    return this.#db.transact(async (tx) => {
      const locked = await lockConversation(tx, conversationId, actor, this.#prefix);
      if (locked === null) return null;
      const result = await work(locked);
      await locked.finish();
      return result;
    });
  }

  async #count(conversationId: string): Promise<number> {
    const [row] = await this.#db.query<{ participant_count: number }>(
      'select participant_count from parley.conversations where id = $1',
      [conversationId],
    );
    return row?.participant_count ?? 0;
  }
}
