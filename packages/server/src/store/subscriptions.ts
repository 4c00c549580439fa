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
  readonly id: string | null;
  readonly version: number;
  readonly participant_count: number;
}

/** Reads people's conversations; of those who connect at the same time in one statement. */
export class SubscriptionReader {
  readonly #db: Database;
  readonly #batcher: Batcher<string, Subscriptions>;

  constructor(db: Database) {
    this.#db = db;
    this.#batcher = new Batcher({
      run: (userIds) => this.#run(userIds),
      keyOf: (userId) => userId,
      maxBatch: 64,
      inFlight: 2,
      maxQueue: 50_000,
    });
  }

  read(userId: string): Promise<Subscriptions> {
    return this.#batcher.add(userId);
  }

  async #run(userIds: readonly string[]): Promise<Subscriptions[]> {
    const rows = await this.#db.query<Row>(
      `select a.ord - 1 as place, ${horizonColumns}, c.id, c.version, c.participant_count
       from unnest($1::text[]) with ordinality as a (user_id, ord)
       left join lateral (
         select p.conversation_id, p.left_at from parley.conversation_participants p
         where p.user_id = a.user_id offset 0
       ) p on p.left_at is null
       left join lateral (
         select * from parley.conversations c where c.id = p.conversation_id offset 0
       ) c on not c.is_deleted`,
      [userIds],
    );
    const byPlace = Map.groupBy(rows, ({ place }) => place);
    return userIds.map((_, place) => toSubscriptions(byPlace.get(place) ?? []));
  }
}

function toSubscriptions(rows: readonly Row[]): Subscriptions {
  const [first] = rows;
  if (first === undefined) throw new Error('Postgres answered no row for somebody in no conversation');
  return {
    cursor: writeSyncCursor({ since: { epoch: first.epoch, xid: first.xid }, onward: null }),
    conversations: rows.flatMap(({ id, version, participant_count }) =>
      id === null ? [] : { id, version, participantCount: participant_count },
    ),
  };
}
