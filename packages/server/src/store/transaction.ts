import type {
  Conversation,
  Message,
  MessageType,
  Participant,
  ParticipantRole,
  SharedConversation,
} from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import type { Access, ConversationTransaction, IdempotencyKey } from '../messaging/ports.ts';
import { readConversations } from './conversation-views.ts';
import type { Queryable } from './database.ts';
import { claim } from './idempotency.ts';
import { readMessage } from './messages.ts';
import {
  conversationColumns,
  isId,
  participantColumns,
  toParticipant,
  type ConversationRow,
  type ParticipantRow,
} from './rows.ts';

/** Locks a conversation and reads what stands in it; null where there is none. */
export async function lockConversation(
  tx: Queryable,
  conversationId: string,
  actor: Actor,
  prefix: string,
): Promise<PostgresConversationTransaction | null> {
  if (!isId(conversationId)) return null;
  const locked = await tx.query(
    'select true from parley.conversations where id = $1 and not is_deleted for no key update',
    [conversationId],
  );
  if (locked.length === 0) return null;
  // A statement of its own, so that it sees what was committed while we waited for the lock.
  const [row] = await tx.query<
    ConversationRow & { now: string; role: ParticipantRole | null; is_muted: boolean | null }
  >(
    `select ${conversationColumns}, clock_timestamp() as now, p.role, p.is_muted
     from parley.conversations c
     left join parley.conversation_participants p
       on p.conversation_id = c.id and p.user_id = $2 and p.left_at is null
     where c.id = $1`,
    [conversationId, actor.userId],
  );
  if (row === undefined) return null;
  const { now, role, is_muted, ...conversation } = row;
  const membership = role === null ? null : { role, isMuted: is_muted === true };
  return new PostgresConversationTransaction(tx, { conversation, membership, now, prefix });
}

interface Locked {
  readonly conversation: SharedConversation;
  readonly membership: Access['membership'];
  readonly now: string;
  readonly prefix: string;
}

export class PostgresConversationTransaction implements ConversationTransaction {
  readonly membership: Access['membership'];
  readonly #tx: Queryable;
  readonly #now: string;
  readonly #prefix: string;
  #written: SharedConversation;
  #conversation: SharedConversation;
  #infoChanged = false;

  constructor(tx: Queryable, locked: Locked) {
    this.#tx = tx;
    this.#now = locked.now;
    this.#prefix = locked.prefix;
    this.#written = locked.conversation;
    this.#conversation = locked.conversation;
    this.membership = locked.membership;
  }

  get conversation(): SharedConversation {
    return this.#conversation;
  }

  nextVersion(): number {
    const version = this.#conversation.version + 1;
    this.#conversation = { ...this.#conversation, version };
    return version;
  }

  /** Writes the conversation's own row, if anything of it changed since. To be called last. */
  async finish(): Promise<void> {
    const after = this.#conversation;
    if (after === this.#written) return;
    this.#written = after;
    await this.#tx.query(
      `update parley.conversations
       set title = $2, metadata = $3, is_archived = $4, is_deleted = $5, updated_at = $6, participant_count = $7,
           version = $8, info_version = case when $9 then $8 else info_version end, xid = pg_current_xact_id(),
           activity = greatest(activity, parley.activity_now())
       where id = $1`,
      [
        after.id,
        after.title,
        JSON.stringify(after.metadata),
        after.is_archived,
        after.is_deleted,
        after.updated_at,
        after.participant_count,
        after.version,
        this.#infoChanged,
      ],
    );
  }

  changeConversation(
    changes: Partial<Pick<SharedConversation, 'title' | 'metadata' | 'is_archived' | 'is_deleted'>>,
  ): SharedConversation {
    this.#infoChanged = true;
    this.#conversation = { ...this.#conversation, ...changes, updated_at: this.#now };
    return this.#conversation;
  }

  async viewFor(userId: string): Promise<Conversation> {
    await this.finish();
    const [view] = await readConversations(this.#tx, [this.#conversation.id], { userId }, this.#prefix);
    if (view === undefined) throw new Error('a conversation vanished under its own lock');
    return view;
  }

  async findParticipant(userId: string): Promise<Participant | null> {
    const [row] = await this.#participants('p.user_id = $2', [userId]);
    return row ?? null;
  }

  async addParticipant(userId: string, role: ParticipantRole): Promise<Participant> {
    await this.#tx.query(
      `insert into parley.conversation_participants as p (
         conversation_id, user_id, role, joined_at, joined_seq, last_read_seq, last_delivered_seq, version,
         joined_version, joined_xid
       ) values ($1, $2, $3, $4, $5, $5, $5, $6, $6, pg_current_xact_id())
       on conflict (conversation_id, user_id) do update
       set role = excluded.role, is_muted = false, left_at = null, joined_at = excluded.joined_at,
           joined_seq = excluded.joined_seq, last_read_seq = excluded.last_read_seq,
           last_delivered_seq = excluded.last_delivered_seq, version = excluded.version,
           joined_version = excluded.joined_version, joined_xid = excluded.joined_xid,
           xid = pg_current_xact_id(), receipt_xid = pg_current_xact_id()`,
      [
        this.#conversation.id,
        userId,
        role,
        this.#now,
        this.#conversation.last_seq,
        this.#conversation.version,
      ],
    );
    this.#count(1);
    return this.#mustFind(userId);
  }

  async updateParticipant(
    userId: string,
    changes: { role?: ParticipantRole; isMuted?: boolean },
  ): Promise<Participant> {
    await this.#tx.query(
      `update parley.conversation_participants
       set role = coalesce($3, role), is_muted = coalesce($4, is_muted), version = $5, xid = pg_current_xact_id()
       where conversation_id = $1 and user_id = $2`,
      [
        this.#conversation.id,
        userId,
        changes.role ?? null,
        changes.isMuted ?? null,
        this.#conversation.version,
      ],
    );
    return this.#mustFind(userId);
  }

  async removeParticipant(userId: string): Promise<number> {
    await this.#tx.query(
      `update parley.conversation_participants set left_at = $3, version = $4, xid = pg_current_xact_id()
       where conversation_id = $1 and user_id = $2`,
      [this.#conversation.id, userId, this.#now, this.#conversation.version],
    );
    this.#count(-1);
    return this.#conversation.participant_count;
  }

  async adminCount(): Promise<number> {
    const [row] = await this.#tx.query<{ count: number }>(
      `select count(*) from parley.conversation_participants
       where conversation_id = $1 and left_at is null and role = 'admin'`,
      [this.#conversation.id],
    );
    return row?.count ?? 0;
  }

  async successor(): Promise<Participant | null> {
    const [first] = await this.#participants(
      'true',
      [],
      `order by (p.role = 'moderator') desc, p.joined_at, p.user_id limit 1`,
    );
    return first ?? null;
  }

  async claim(key: IdempotencyKey, work: () => Promise<string>): Promise<string | null> {
    const [taken, earlier] = await claim(this.#tx, key);
    if (earlier !== null) return earlier;
    await taken.keep(await work());
    return null;
  }

  async findMessage(messageId: string) {
    const [row] = await this.#tx.query<{ sender_id: string; is_deleted: boolean; message_type: MessageType }>(
      'select sender_id, is_deleted, message_type from parley.messages where id = $1 and conversation_id = $2',
      [messageId, this.#conversation.id],
    );
    return row === undefined
      ? null
      : { senderId: row.sender_id, isDeleted: row.is_deleted, messageType: row.message_type };
  }

  async editMessage(messageId: string, content: string): Promise<Message> {
    await this.#tx.query(
      `update parley.messages
       set content = $2, is_edited = true, updated_at = $3, version = $4, content_version = $4, xid = pg_current_xact_id()
       where id = $1`,
      [messageId, content, this.#now, this.#conversation.version],
    );
    return this.#mustRead(messageId);
  }

  async deleteMessage(messageId: string): Promise<{ message: Message; blobKeys: string[] }> {
    await this.#tx.query(
      `update parley.messages
       set content = '', metadata = '{}', is_deleted = true, updated_at = $2, version = $3, content_version = $3,
           xid = pg_current_xact_id()
       where id = $1`,
      [messageId, this.#now, this.#conversation.version],
    );
    // The rows stay for `Files.sweep`, which makes good what a crash keeps the caller from removing.
    const gone = await this.#tx.query<{ blob_key: string; thumbnail_key: string | null }>(
      'select blob_key, thumbnail_key from parley.attachments where message_id = $1',
      [messageId],
    );
    const blobKeys = gone.flatMap(({ blob_key, thumbnail_key }) =>
      thumbnail_key === null ? [blob_key] : [blob_key, thumbnail_key],
    );
    return { message: await this.#mustRead(messageId), blobKeys };
  }

  async #participants(where: string, values: readonly unknown[], order = ''): Promise<Participant[]> {
    const rows = await this.#tx.query<ParticipantRow>(
      `select ${participantColumns}
       from parley.conversation_participants p
       left join parley.users u on u.id = p.user_id
       where p.conversation_id = $1 and p.left_at is null and ${where} ${order}`,
      [this.#conversation.id, ...values],
    );
    return rows.map(toParticipant);
  }

  #count(change: 1 | -1): void {
    this.#conversation = {
      ...this.#conversation,
      participant_count: this.#conversation.participant_count + change,
    };
  }

  async #mustFind(userId: string): Promise<Participant> {
    const found = await this.findParticipant(userId);
    if (found === null) throw new Error('a participant vanished under the lock of their conversation');
    return found;
  }

  async #mustRead(messageId: string): Promise<Message> {
    const message = await readMessage(this.#tx, messageId, this.#prefix);
    if (message === null) throw new Error('a message vanished under the lock of its conversation');
    return message;
  }
}
