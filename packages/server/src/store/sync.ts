import type { Horizon, SyncPage, SyncRequest, SyncStore } from '../messaging/ports.ts';
import { Batcher } from './batcher.ts';
import type { Database } from './database.ts';
import { readHorizon } from './horizon.ts';
import { readChanges } from './sync-changes.ts';
import { readDrafts, type Draft } from './sync-draft.ts';
import { presentEntry, sizeOf, type Found } from './sync-entry.ts';

/** Bytes that are held for several people at once. */
const chunkBytes = 5_000_000;
/** People who are answered by the same statements at most. */
const maxBatch = 32;

/**
 * Reads what changed for people since a moment. Those who ask at the same time are answered by the same statements, in
 * one transaction on one snapshot, and a conversation that several of them are in is read once. Two batches are at work at
 * a time, and nobody is in them twice: a storm of clients who come back takes two connections of the pool, and leaves the
 * others to those who send.
 */
export class PostgresSync implements SyncStore {
  readonly #db: Database;
  readonly #prefix: string;
  readonly #batcher: Batcher<SyncRequest, SyncPage>;

  constructor(db: Database, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
    this.#batcher = new Batcher({
      run: (requests) => this.#run(requests),
      keyOf: ({ userId }) => userId,
      isFair: true,
      maxBatch,
      inFlight: 2,
      maxQueue: 20_000,
    });
  }

  horizon(): Promise<Horizon> {
    return readHorizon(this.#db);
  }

  page(request: SyncRequest): Promise<SyncPage> {
    return this.#batcher.add(request);
  }

  #run(requests: readonly SyncRequest[]): Promise<SyncPage[]> {
    return this.#db.transact(async (tx) => {
      await tx.query('set transaction isolation level repeatable read read only');
      const horizon = await readHorizon(tx);
      const drafts = await readDrafts(tx, requests);
      const pages: SyncPage[] = [];
      for (const chunk of inChunks(drafts)) {
        const found = await readChanges(tx, chunk);
        for (const each of chunk) pages.push(this.#present(each, found, horizon));
      }
      return pages;
    });
  }

  #present({ entries, removed, next }: Draft, found: Found, horizon: Horizon): SyncPage {
    const presented = entries.map((entry) => presentEntry(entry, found, this.#prefix));
    const users = new Map(
      presented.flatMap(({ profiles }) => profiles.map((profile) => [profile.user_id, profile])),
    );
    return {
      horizon,
      next,
      conversations: presented.map(({ sync }) => sync),
      removed,
      users: [...users.values()],
    };
  }
}

/** In portions that are small enough to be held at once. */
function inChunks(drafts: readonly Draft[]): Draft[][] {
  const chunks: Draft[][] = [];
  let room = 0;
  for (const each of drafts) {
    const size = each.entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    const last = chunks.at(-1);
    if (last !== undefined && size <= room) last.push(each);
    else chunks.push([each]);
    room = (last !== undefined && size <= room ? room : chunkBytes) - size;
  }
  return chunks;
}
