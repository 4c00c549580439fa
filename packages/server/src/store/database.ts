import pg from 'pg';
import { Availability, type DatabaseState } from './availability.ts';
import { BoundedPool } from './bounded-pool.ts';
import { isLost, isStale, isTransient, refuse, translate, Unanswered } from './database-errors.ts';
import type { Prepared } from './prepared.ts';

export type { DatabaseState };

export interface Queryable {
  query<T>(statement: string | Prepared, values?: readonly unknown[]): Promise<T[]>;
}

/**
 * A pool of connections to Postgres. Every failure to reach it is a Refusal `unavailable`: in seconds at first, at once
 * while it is known to be away. It is then probed by connections of their own, each of which resolves the server's name
 * anew, so that it is used again within two seconds of its return, wherever it returns.
 *
 * A write that was answered with `unavailable` may have taken effect, or yet take effect: its retry must be safe.
 */
export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction: all of it or nothing. It is run again from its start, a few times, after a
   * deadlock or a serialization failure, so it must have no effect besides the database's.
   */
  transact<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** @throws Refusal `unavailable` where it can't be reached or takes no writes */
  check(): Promise<void>;
  stats(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connections at most. */
  readonly size?: number;
  /** Callers that wait for a connection at most; the next are refused at once. */
  readonly maxWaiting?: number;
  /** Milliseconds that a statement may take: 5000 unless said otherwise. Then its connection is given up. */
  readonly answerMs?: number;
  /** Told of connections that break while nobody uses them: of the first, where they break together. */
  readonly onError?: (error: Error) => void;
  /** Told once when it goes and once when it is back. `reason`: the error because of which. */
  readonly onState?: (state: DatabaseState, reason: unknown) => void;
  /**
   * Told when a statement, or a commit, was lost without an answer: it may have taken effect, without anybody hearing
   * of it. Told again once the database is back, as such a statement may have waited in it. It may have been a read.
   */
  readonly onUnknownOutcome?: () => void;
}

const maxAttempts = 4;
const defaultAnswerMs = 5000;
/** Milliseconds that a caller waits for a connection. */
const waitMs = 3000;
/** Milliseconds that a connection may take to be made. */
const connectMs = 2000;
/** Milliseconds without an answer after which a probe asks whether the database is there. */
const slowMs = 1500;
/** Milliseconds that a probe may take to connect, and then to be answered. */
const probeMs = 1500;
const pauseMs = 300;

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

const createPool = (url: string, size: number): pg.Pool =>
  new pg.Pool({
    connectionString: url,
    max: size,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: 60_000,
    // A session keeps the plans of its functions, also those made while the tables were small.
    maxLifetimeSeconds: 300,
    // A server that vanished without a word is noticed while nobody asks it anything.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'parley',
    types,
  });

export function connectDatabase(options: DatabaseOptions): Database {
  const { url, size = 10, answerMs = defaultAnswerMs, maxWaiting = 5000 } = options;
  const driver = createPool(url, size);
  let closing = false;
  let isUnknown = false;
  const unknown = (): void => {
    isUnknown = true;
    options.onUnknownOutcome?.();
  };
  const availability = new Availability({
    probe: () => probe(url),
    pauseMs,
    onChange: (state, reason) => {
      // What is connected now is connected to what went away, or to a server that is not the primary.
      pool.retire();
      if (state === 'away') pool.giveUp(new Unanswered());
      options.onState?.(state, reason);
      if (state !== 'available' || !isUnknown) return;
      isUnknown = false;
      options.onUnknownOutcome?.();
    },
  });
  const pool = new BoundedPool({
    pool: driver,
    size,
    maxWaiting,
    waitMs,
    answerMs,
    slowMs,
    onAnswer: () => availability.answered(),
    onTrouble: (error) => availability.suspect(error),
  });
  // Connections that we are ending may be ended from the other side first: the pool does not wait for their last word.
  driver.on('error', (error) => {
    if (closing) return;
    if (!availability.isDoubtful) options.onError?.(error);
    availability.suspect(error);
  });

  const use = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    if (availability.state === 'away') throw refuse(availability.reason);
    return pool.use(work);
  };

  /** A statement after which nothing is to be done: if it is lost, nobody knows whether it was. */
  const last = async <T>(
    client: pg.PoolClient,
    statement: string | Prepared,
    values?: readonly unknown[],
  ): Promise<T[]> => {
    try {
      return await pool.ask<T>(client, statement, values);
    } catch (error) {
      if (isLost(error)) unknown();
      throw error;
    }
  };

  // For this transaction alone, as a pooler may give the session to somebody else. A node that stops in the midst of
  // it must not keep a conversation locked, nor may what we have given up.
  const begin = `begin; set local statement_timeout = ${answerMs}; set local idle_in_transaction_session_timeout = ${answerMs}`;

  const attempt = <T>(work: (tx: Queryable) => Promise<T>): Promise<T> =>
    use(async (client) => {
      let result: T;
      try {
        await pool.ask(client, begin);
        result = await work({ query: (statement, values) => pool.ask(client, statement, values) });
      } catch (error) {
        // Where this fails the connection is ended, and the transaction with it.
        if (pool.trusts(client)) await pool.ask(client, 'rollback').catch(() => undefined);
        throw error;
      }
      await last(client, 'commit');
      return result;
    });

  const query = async <T>(statement: string | Prepared, values?: readonly unknown[]): Promise<T[]> => {
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await use((client) => last<T>(client, statement, values));
      } catch (error) {
        // Where a statement can't be used as it was prepared, nothing was done yet.
        if (isFirst && isStale(error)) continue;
        throw translate(error);
      }
    }
  };

  return {
    query,
    async transact(work) {
      for (let count = 1; ; count++) {
        try {
          return await attempt(work);
        } catch (error) {
          if (count < maxAttempts && (isTransient(error) || isStale(error))) continue;
          throw translate(error);
        }
      }
    },
    async check() {
      if (availability.state === 'read-only') throw refuse(availability.reason);
      await query('select 1 from parley.migrations limit 1');
    },
    stats: () => ({ total: driver.totalCount, idle: driver.idleCount, waiting: pool.waiting }),
    close: () => {
      closing = true;
      availability.close();
      return driver.end();
    },
  };
}

/** Whether the server that the name leads to at this moment can be used. */
async function probe(url: string): Promise<'available' | 'read-only'> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: probeMs,
    query_timeout: probeMs,
    application_name: 'parley',
  });
  // Told by the connection or the query, too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ transaction_read_only: string }>('show transaction_read_only');
    return rows[0]?.transaction_read_only === 'on' ? 'read-only' : 'available';
  } finally {
    // It is not waited for: a server that hangs does not answer that either.
    client.end().catch(() => undefined);
  }
}
