import type { SyncAnswer } from '@parley/protocol';
import type { Actor } from './actor.ts';
import type { Horizon, SyncStore } from './ports.ts';
import { readSyncCursor, writeSyncCursor } from './sync-cursor.ts';

export interface CatchUpDeps {
  readonly sync: SyncStore;
}

/**
 * What changed for somebody since a moment, in its present state: however long ago that was, and safe to apply twice.
 * A cursor is a moment of the database and nothing that a client could make better by editing it: it decides how much
 * is answered, never what may be seen.
 */
export class CatchUp {
  readonly #deps: CatchUpDeps;

  constructor(deps: CatchUpDeps) {
    this.#deps = deps;
  }

  /**
   * One page. Without a cursor: where to begin.
   * @throws Refusal `validation_failed` for what is no cursor, `unavailable` when too many catch up at once
   */
  async page(actor: Actor, cursor: string | undefined): Promise<SyncAnswer> {
    if (cursor === undefined) return nothing(await this.#deps.sync.horizon(), false);
    const { since, onward } = readSyncCursor(cursor);
    const page = await this.#deps.sync.page({
      userId: actor.userId,
      since: since.xid,
      after: onward?.after ?? null,
    });
    const { horizon, next, ...changes } = page;
    // Of another database, or of a future that was lost with a primary: what it stands for is not known here.
    if (since.epoch !== horizon.epoch || since.xid > horizon.xid) return nothing(horizon, true);
    // What the last page is followed by is what changed since the first was read.
    const from = onward === null ? horizon.xid : Math.min(onward.from, horizon.xid);
    return {
      cursor: writeSyncCursor(
        next === null
          ? { since: { ...since, xid: from }, onward: null }
          : { since, onward: { from, after: next } },
      ),
      has_more: next !== null,
      reset: false,
      ...changes,
    };
  }
}

const nothing = (horizon: Horizon, reset: boolean): SyncAnswer => ({
  cursor: writeSyncCursor({ since: horizon, onward: null }),
  has_more: false,
  reset,
  conversations: [],
  removed: [],
  users: [],
});
