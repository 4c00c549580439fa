import type { Conversation } from '@parley/protocol';
import { Type, type Static } from 'typebox';
import type { Actor } from '../messaging/actor.ts';
import type {
  Access,
  ConversationStore,
  IdempotencyKey,
  NewConversation,
  Outcome,
  Page,
  PageRequest,
} from '../messaging/ports.ts';
import { readCursor } from '../messaging/cursor.ts';
import { parser } from '../messaging/validation.ts';
import { accessColumns, toAccess, type AccessRow } from './access.ts';
import type { Database, Queryable } from './database.ts';
import { cutPage, pageValues } from './keyset.ts';
import { claim } from './idempotency.ts';
import { readConversations } from './conversation-views.ts';
import { prepared } from './prepared.ts';
import { isId } from './rows.ts';
import { SubscriptionReader } from './subscriptions.ts';

/** What is kept for a retry. */
const Created = Type.Object({ id: Type.String(), existed: Type.Boolean() });
const readCreated = parser(Created);

export const accessStatement = prepared(
  'access',
  `select ${accessColumns}
   from (select * from parley.conversations c where c.id = $1 offset 0) c
   left join parley.conversation_participants p
     on p.conversation_id = c.id and p.user_id = $2 and p.left_at is null
   where not c.is_deleted`,
);

/** The conversations by an array of ids: one walk over an index, where a join would begin one for each. */
export const listStatement = prepared(
  'list',
  `with mine as materialized (
     select c.id, c.last_message_at as at
     from (
       select c.id, c.last_message_at, c.is_deleted, c.is_archived from parley.conversations c
       where c.id = any (array(
         select p.conversation_id
         from (
           select p.conversation_id, p.left_at from parley.conversation_participants p
           where p.user_id = $1 offset 0
         ) p
         where p.left_at is null
       ))
       offset 0
     ) c
     where not c.is_deleted and c.is_archived = $2
   )
   select m.id, m.at, t.total
   from (select count(*) as total from mine) t
   left join lateral (
     select * from mine
     where $3::timestamptz is null or (at, id) < ($3::timestamptz, $4::uuid)
     order by at desc, id desc
     limit $5 offset $6
   ) m on true
   order by m.at desc, m.id desc`,
);

export class PostgresConversations implements ConversationStore {
  readonly #db: Database;
  readonly #prefix: string;
  readonly #subscriptions: SubscriptionReader;

  constructor(db: Database, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
    this.#subscriptions = new SubscriptionReader(db);
  }

  create(
    creator: Actor,
    conversation: NewConversation,
    key: IdempotencyKey | null,
  ): Promise<Outcome & { id: string; conversation: Conversation | null }> {
    return this.#db.transact(async (tx) => {
      const [created, earlier] = key === null ? [null, null] : await claim(tx, key);
      if (earlier !== null)
        return { ...readCreated(JSON.parse(earlier)), replayed: true, conversation: null };
      const id = await insertConversation(tx, conversation);
      const existed = id !== conversation.id;
      if (!existed) await insertParticipants(tx, conversation);
      await created?.keep(JSON.stringify({ id, existed } satisfies Static<typeof Created>));
      const [view] = existed ? [] : await readConversations(tx, [id], creator, this.#prefix);
      return { id, existed, replayed: false, conversation: view ?? null };
    });
  }

  async access(conversationId: string, actor: Actor): Promise<Access | null> {
    if (!isId(conversationId)) return null;
    const [row] = await this.#db.query<AccessRow>(accessStatement, [conversationId, actor.userId]);
    return row === undefined ? null : toAccess(row);
  }

  readMany(ids: readonly string[], viewer: Actor): Promise<Conversation[]> {
    return readConversations(this.#db, ids, viewer, this.#prefix);
  }

  async list(viewer: Actor, archived: boolean, request: PageRequest): Promise<Page<Conversation>> {
    const cursor = request.cursor === undefined ? null : readCursor(request.cursor, ['time', 'id']);
    const rows = await this.#db.query<{ id: string | null; at: string; total: number }>(listStatement, [
      viewer.userId,
      archived,
      ...pageValues(cursor, request),
    ]);
    const found = rows.flatMap(({ id, at }) => (id === null ? [] : [{ id, at }]));
    const { shown, onward } = cutPage(found, request, ({ id, at }) => [at, id]);
    return {
      items: await this.readMany(
        shown.map(({ id }) => id),
        viewer,
      ),
      total: rows[0]?.total ?? 0,
      ...onward,
    };
  }

  subscriptions(userId: string) {
    return this.#subscriptions.read(userId);
  }

  async smallConversations(userIds: readonly string[], atMost: number) {
    const rows = await this.#db.query<{ user_id: string; ids: string[] }>(
      `select p.user_id, array_agg(c.id) as ids
       from parley.conversation_participants p
       join parley.conversations c on c.id = p.conversation_id and not c.is_deleted and c.participant_count <= $2
       where p.user_id = any ($1) and p.left_at is null
       group by p.user_id`,
      [userIds, atMost],
    );
    return new Map(rows.map((row) => [row.user_id, row.ids]));
  }
}

/** Answers the id of the conversation that is there in the end: the new one, or the one that the pair had. */
async function insertConversation(tx: Queryable, conversation: NewConversation): Promise<string> {
  const pair = conversation.members.map(({ userId }) => userId).toSorted();
  const directKey = conversation.type === 'direct' ? JSON.stringify(pair) : null;
  // The other's row may be deleted between the two statements; then there is room for a new one.
  for (;;) {
    const [inserted] = await tx.query<{ id: string }>(
      `insert into parley.conversations (id, type, title, direct_key, metadata, created_by, participant_count, activity)
       values ($1, $2, $3, $4, $5, $6, $7, parley.activity_now())
       on conflict (direct_key) where not is_deleted do nothing
       returning id`,
      [
        conversation.id,
        conversation.type,
        conversation.title,
        directKey,
        JSON.stringify(conversation.metadata),
        conversation.createdBy,
        conversation.members.length,
      ],
    );
    if (inserted !== undefined) return inserted.id;
    const [existing] = await tx.query<{ id: string }>(
      'select id from parley.conversations where direct_key = $1 and not is_deleted',
      [directKey],
    );
    if (existing !== undefined) return existing.id;
  }
}

async function insertParticipants(tx: Queryable, conversation: NewConversation): Promise<void> {
  await tx.query(
    `insert into parley.conversation_participants (
       conversation_id, user_id, role, joined_at, version, joined_xid
     )
     select $1, m.user_id, m.role, now() + m.ord * interval '1 microsecond', 1, pg_current_xact_id()
     from unnest($2::text[], $3::text[]) with ordinality as m (user_id, role, ord)`,
    [
      conversation.id,
      conversation.members.map(({ userId }) => userId),
      conversation.members.map(({ role }) => role),
    ],
  );
}
