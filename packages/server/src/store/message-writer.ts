import type { ErrorCode, Message } from '@parley/protocol';
import { errors } from '@parley/protocol';
import { permissions } from '../messaging/permissions.ts';
import type { MessageWriter, NewMessage, SentMessage } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import { Batcher } from './batcher.ts';
import type { Database } from './database.ts';
import { prepared } from './prepared.ts';
import { isId, presentMetadata } from './rows.ts';

interface Row {
  readonly ord: number;
  readonly outcome: string;
  readonly message_id: string;
  readonly seq: number;
  readonly version: number;
  readonly created_at: string;
  readonly reply_to_content: string | null;
}

export interface MessageWriterOptions {
  readonly database: Database;
  /** Reads a message that was sent before, for a retry. */
  readonly read: (messageId: string) => Promise<Message | null>;
  readonly prefix: string;
  readonly onBatch?: (size: number, ms: number) => void;
}

/** For one: at half the cost of the one for many. */
const sendOne = prepared(
  'send_message',
  `select * from parley.send_message(
     $1::uuid, $2::text, $3::boolean, $4::uuid, $5::text, $6::text,
     $7::uuid, $8::jsonb, $9::text, $10::bytea, $11::text[], $12::boolean)`,
);

const sendMany = prepared(
  'send_messages',
  `select * from parley.send_messages(
     $1::uuid[], $2::text[], $3::boolean[], $4::uuid[], $5::text[], $6::text[],
     $7::uuid[], $8::jsonb[], $9::text[], $10::bytea[], $11::text[], $12::boolean)`,
);

const rule = permissions['message.send'];

/** Appends messages in batches: one statement, one commit (see `migrations/0006_lighter_writes.sql`). */
export class BatchingMessageWriter implements MessageWriter {
  readonly #options: MessageWriterOptions;
  readonly #batcher: Batcher<NewMessage, Row>;

  constructor(options: MessageWriterOptions) {
    this.#options = options;
    this.#batcher = new Batcher({
      run: (items) => this.#run(items),
      keyOf: (item) => item.conversationId,
      maxBatch: 500,
      inFlight: 2,
      maxQueue: 10_000,
      ...(options.onBatch && { onBatch: options.onBatch }),
    });
  }

  async append(item: NewMessage): Promise<SentMessage> {
    if (!isId(item.conversationId)) throw new Refusal('conversation_not_found');
    if (item.replyToId !== null && !isId(item.replyToId)) throw refusalFor('reply_not_found');
    const row = await this.#batcher.add(item);
    if (row.outcome === 'created') return { message: this.#present(item, row), replayed: false };
    const message = await this.#options.read(row.message_id);
    if (message === null) throw new Refusal('message_not_found');
    return { message, replayed: true };
  }

  /** Resolves when everything that was accepted is written. */
  drained(): Promise<void> {
    return this.#batcher.drained();
  }

  async #run(items: readonly NewMessage[]): Promise<(Row | Error)[]> {
    const { distinct, placeOf } = withoutRepeats(items);
    const rows = await this.#query(distinct);
    return items.map((item, index) => {
      const place = placeOf[index] ?? 0;
      const [original, row] = [distinct[place], rows.get(place + 1)];
      if (row === undefined) return new Error('Postgres answered no row for a message');
      if (row.outcome !== 'created' && row.outcome !== 'replayed') return refusalFor(row.outcome);
      if (original === item) return row;
      return sameRequest(item, original)
        ? { ...row, outcome: 'replayed' }
        : new Refusal('idempotency_conflict');
    });
  }

  async #query(items: readonly NewMessage[]): Promise<Map<number, Row>> {
    const { database } = this.#options;
    const columns = items.map(columnsOf);
    const [first] = columns;
    if (first === undefined) return new Map();
    const values = columns.length === 1 ? first : first.map((_, place) => columns.map((row) => row[place]));
    const statement = columns.length === 1 ? sendOne : sendMany;
    const rows = await database.query<Row>(statement, [...values, rule.roles, rule.whileMuted]);
    return new Map(rows.map((row) => [row.ord, row]));
  }

  #present(item: NewMessage, row: Row): Message {
    return {
      id: item.id,
      conversation_id: item.conversationId,
      seq: row.seq,
      version: row.version,
      sender_id: item.sender.userId,
      sender_name: item.sender.displayName,
      content: item.content,
      message_type: item.messageType,
      reply_to_id: item.replyToId,
      reply_to_content: row.reply_to_content,
      reply_count: 0,
      created_at: row.created_at,
      updated_at: row.created_at,
      is_edited: false,
      is_deleted: false,
      metadata: presentMetadata(item.metadata, this.#options.prefix),
      status: 'sent',
      client_id: item.clientId,
    };
  }
}

const columnsOf = (item: NewMessage): unknown[] => [
  item.conversationId,
  item.sender.userId,
  item.sender.kind === 'service',
  item.id,
  item.content,
  item.messageType,
  item.replyToId,
  JSON.stringify(item.metadata),
  item.clientId,
  item.hash,
];

/** The items to write, and for each item its place among them: a retry in the same batch shares its original's. */
function withoutRepeats(items: readonly NewMessage[]): { distinct: NewMessage[]; placeOf: number[] } {
  const seen = new Map<string, number>();
  const distinct: NewMessage[] = [];
  const placeOf = items.map((item) => {
    const key =
      item.clientId === null
        ? null
        : JSON.stringify([item.conversationId, item.sender.userId, item.clientId]);
    const earlier = key === null ? undefined : seen.get(key);
    if (earlier !== undefined) return earlier;
    if (key !== null) seen.set(key, distinct.length);
    return distinct.push(item) - 1;
  });
  return { distinct, placeOf };
}

const sameRequest = (a: NewMessage, b: NewMessage | undefined): boolean =>
  a.hash !== null && b !== undefined && b.hash !== null && a.hash.equals(b.hash);

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errors, code);

const refusalFor = (outcome: string): Error => {
  if (!isErrorCode(outcome)) return new Error(`send_messages answered the outcome ${outcome}`);
  return outcome === 'reply_not_found' ? new Refusal(outcome, { errors: [notHere] }) : new Refusal(outcome);
};

const notHere = { path: '/reply_to_id', message: 'is not a message of this conversation' };
