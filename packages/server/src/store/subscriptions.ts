import type { ConversationStore } from '../messaging/ports.ts';
import { writeSyncCursor } from '../messaging/sync-cursor.ts';
import { Batcher } from './batcher.ts';
import type { Database } from './database.ts';
import { horizonColumns } from './horizon.ts';

type Subscriptions = Awaited<ReturnType<ConversationStore['subscriptions']>>;

interface Row {
  readonly place: number;
  readonly epoch: number;
  readonly xid: number;
  /** Of each conversation its id, version and participant count, a space between any two; null for somebody in none. */
  readonly conversations: string | null;
}

// A row each for people alone: to read twenty rows a person costs more than to find them.
// It is planned anew each time: a plan made while the tables were empty would read them as a whole.
const statement = `select a.ord - 1 as place, ${horizonColumns}, s.conversations
  from unnest($1::text[]) with ordinality as a (user_id, ord)
  cross join lateral (
    select string_agg(c.id || ' ' || c.version || ' ' || c.participant_count, ' ') as conversations
    from (
      select p.conversation_id, p.left_at from parley.conversation_participants p
      where p.user_id = a.user_id offset 0
    ) p
    join lateral (
      select * from parley.conversations c where c.id = p.conversation_id offset 0
    ) c on not c.is_deleted
    where p.left_at is null
  ) s`;

/** Reads people's conversations; of those who connect at the same time in one statement. */
export class SubscriptionReader {
  readonly #db: Database;
  readonly #batcher: Batcher<string, Subscriptions>;

  constructor(db: Database) {
    this.#db = db;
    this.#batcher = new Batcher({
      run: (userIds) => this.#run(userIds),
      keyOf: (userId) => userId,
      maxBatch: 100,
      inFlight: 1,
      // A statement costs as much as some ten of its rows.
      paceMs: 4,
      maxQueue: 50_000,
    });
  }

  read(userId: string): Promise<Subscriptions> {
    return this.#batcher.add(userId);
  }

  async #run(userIds: readonly string[]): Promise<Subscriptions[]> {
    const rows = await this.#db.query<Row>(statement, [userIds]);
    const byPlace = new Map(rows.map((row) => [row.place, row]));
    return userIds.map((_, place) => toSubscriptions(byPlace.get(place)));
  }
}

function toSubscriptions(row: Row | undefined): Subscriptions {
  if (row === undefined) throw new Error('Postgres answered no row for somebody');
  const { epoch, xid, conversations } = row;
  return {
    cursor: writeSyncCursor({ since: { epoch, xid }, onward: null }),
    conversations: conversations === null ? [] : toConversations(conversations.split(' ')),
  };
}

function toConversations(parts: readonly string[]): Subscriptions['conversations'][number][] {
  const found = [];
  for (let n = 0; n + 2 < parts.length; n += 3) {
    const id = copyOf(parts[n] ?? '');
    found.push({ id, version: Number(parts[n + 1]), participantCount: Number(parts[n + 2]) });
  }
  return found;
}

/** A part of a longer text keeps all of it for as long as it is kept itself. */
const copyOf = (id: string): string => Buffer.from(id, 'latin1').toString('latin1');
