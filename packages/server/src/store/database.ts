import pg from 'pg';
import { Refusal } from '../messaging/refusal.ts';

export interface Queryable {
  query<T>(sql: string, values?: readonly unknown[]): Promise<T[]>;
}

/** A pool of connections to Postgres. Every failure to reach it is a Refusal `unavailable`. */
export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction: all of it or nothing. It is run again from its start, a few times, after a
   * deadlock or a serialization failure, so it must have no effect besides the database's.
   */
  transact<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  stats(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connections at most. */
  readonly size?: number;
  /** Told of connections that break while nobody uses them. */
  readonly onError?: (error: Error) => void;
}

const maxAttempts = 4;

/**
 * Counts as numbers (a double holds every bigint of ours exactly) and times as the protocol writes them. Per pool,
 * not global: a host application may use `pg` too.
 */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.INT8) return Number;
    if (oid === pg.types.builtins.TIMESTAMPTZ) return (value: string) => new Date(value).toISOString();
    // oxlint-disable-next-line typescript/no-unsafe-return -- the driver's own parsers are untyped
    return pg.types.getTypeParser(oid, format);
  },
};

export function connectDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.size ?? 10,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 60_000,
    // A session keeps the plans of its functions, also those made while the tables were small.
    maxLifetimeSeconds: 300,
    query_timeout: 30_000,
    application_name: 'parley',
    types,
  });
  let closing = false;
  // Connections that we are ending may be ended from the other side first: the pool does not wait for their last word.
  pool.on('error', (error) => {
    if (!closing) options.onError?.(error);
  });

  const run = async <T>(
    client: pg.Pool | pg.PoolClient,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<T[]> => {
    const result = await client.query(sql, [...values]);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a statement answers is known beside it alone
    return result.rows as T[];
  };

  const attempt = async <T>(work: (tx: Queryable) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const result = await work({ query: (sql, values) => run(client, sql, values) });
      await client.query('commit');
      return result;
    } catch (error) {
      await client
        .query('rollback')
        .catch(
          (failure: unknown) => (broken = failure instanceof Error ? failure : new Error(String(failure))),
        );
      throw error;
    } finally {
      client.release(broken);
    }
  };

  return {
    async query(sql, values) {
      try {
        return await run(pool, sql, values);
      } catch (error) {
        throw translate(error);
      }
    },
    async transact(work) {
      for (let count = 1; ; count++) {
        try {
          return await attempt(work);
        } catch (error) {
          if (count < maxAttempts && isTransient(error)) continue;
          throw translate(error);
        }
      }
    },
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => {
      closing = true;
      return pool.end();
    },
  };
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';

/** Rolled back by Postgres through no fault of the request: doing it again is right. */
export const isTransient = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error));

/** Postgres' classes for "not now": connections, resources (disk, memory, slots), operator intervention, read-only. */
const unavailable =
  /^(08...|53...|57P0.|57014|25006|55P03|58...|ECONN\w+|EPIPE|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH)$/;
const lostConnection = /timeout|Connection terminated|connection error|not queryable/i;

/** What a caller gets for a failed query: `unavailable` where Postgres is away, the error itself where we are wrong. */
export function translate(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error;
  const away =
    unavailable.test(codeOf(error)) || (codeOf(error) === '' && lostConnection.test(error.message));
  return away ? new Refusal('unavailable', { retryAfter: 1, cause: error }) : error;
}
