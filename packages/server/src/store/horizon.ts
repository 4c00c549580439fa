import type { Horizon } from '../messaging/ports.ts';
import type { Queryable } from './database.ts';

/** The columns of a `HorizonRow`: of the moment of the statement, or, in a repeatable read, of the transaction. */
export const horizonColumns = `
  (select epoch from parley.timeline) as epoch, pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xid`;

export async function readHorizon(db: Queryable): Promise<Horizon> {
  const [horizon] = await db.query<Horizon>(`select ${horizonColumns}`);
  if (horizon === undefined) throw new Error('Postgres answered no row for its own snapshot');
  return horizon;
}
