import type { IdempotencyKey } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import type { Queryable } from './database.ts';

export interface Claim {
  /** Writes down what a retry is to be answered. */
  keep(result: string): Promise<void>;
}

/**
 * Takes a key for the transaction: `[claim, null]` the first time, `[null, result]` for a retry. Of two at once the
 * second waits here until the first has committed or gone.
 * @throws Refusal `idempotency_conflict` if the key was used for something else
 */
export async function claim(tx: Queryable, key: IdempotencyKey): Promise<[Claim, null] | [null, string]> {
  const where = [key.userId, key.place, key.clientId];
  const [taken] = await tx.query(
    `insert into parley.idempotency_keys (user_id, place, client_id, request_hash, result)
     values ($1, $2, $3, $4, '') on conflict do nothing returning true`,
    [...where, key.hash],
  );
  if (taken !== undefined) {
    const keep = async (result: string): Promise<void> => {
      await tx.query(
        'update parley.idempotency_keys set result = $4 where user_id = $1 and place = $2 and client_id = $3',
        [...where, result],
      );
    };
    return [{ keep }, null];
  }
  const [earlier] = await tx.query<{ request_hash: Buffer; result: string }>(
    'select request_hash, result from parley.idempotency_keys where user_id = $1 and place = $2 and client_id = $3',
    where,
  );
  if (earlier === undefined || !key.hash.equals(earlier.request_hash))
    throw new Refusal('idempotency_conflict');
  return [null, earlier.result];
}
