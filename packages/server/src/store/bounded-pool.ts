import type pg from 'pg';
import { isFull, isLost, isMisnamed, isReadOnly, isStale, refuse, Unanswered } from './database-errors.ts';
import { Patience } from './patience.ts';
import { PreparedNames, textOf, type Prepared } from './prepared.ts';

export interface BoundedPoolOptions {
  readonly pool: pg.Pool;
  /** Connections at most. */
  readonly size: number;
  /** Callers that wait for a connection at most; the next are refused at once. */
  readonly maxWaiting: number;
  /** Milliseconds that a caller waits for a connection at most. */
  readonly waitMs: number;
  /** Milliseconds that a statement waits for its answer at most. */
  readonly answerMs: number;
  /** Milliseconds without an answer after which `onTrouble` is told, while the waiting goes on. */
  readonly slowMs: number;
  /** A statement was answered, be it by an error. */
  readonly onAnswer: () => void;
  /** A connection could not be made or broke, or the server is read-only, or does not answer. */
  readonly onTrouble: (error: unknown) => void;
}

interface Waiter {
  readonly grant: () => void;
}

/** Milliseconds for which no connection more is asked of a server that had no more to give. */
const growPauseMs = 5000;

/**
 * Lends the connections of a pool. The waiting for them is bounded in number and time; no statement is waited for
 * longer than `answerMs`, whatever the server or the network does; and a connection that was lost, or is older than
 * the last `retire`, is never lent again.
 */
export class BoundedPool {
  readonly #options: BoundedPoolOptions;
  readonly #patience: Patience;
  readonly #waiters = new Set<Waiter>();
  readonly #madeAt = new WeakMap<pg.PoolClient, number>();
  readonly #distrusted = new WeakSet<pg.PoolClient>();
  readonly #names = new PreparedNames();
  #lent = 0;
  #retiredAt = -Infinity;
  #ceiling = 0;
  #growAt = -Infinity;

  constructor(options: BoundedPoolOptions) {
    this.#options = options;
    this.#patience = new Patience({
      slowMs: options.slowMs,
      onSlow: () => options.onTrouble(new Unanswered()),
    });
    options.pool.on('connect', (client) => {
      this.#madeAt.set(client, performance.now());
      // A connection may break while it is lent and no statement is under way; the next one is told.
      client.on('error', () => this.#distrusted.add(client));
    });
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Lends a connection to `work`. @throws what `work` does, the driver's error, Refusal `unavailable` */
  async use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#lend();
    try {
      return await work(client);
    } finally {
      client.release(!this.trusts(client));
      this.#free();
    }
  }

  /** Runs a statement. @throws the driver's error */
  async ask<T>(
    client: pg.PoolClient,
    statement: string | Prepared,
    values: readonly unknown[] = [],
  ): Promise<T[]> {
    const name = typeof statement === 'string' ? undefined : await this.#nameFor(client, statement);
    try {
      const asked = ask(client, { name, text: textOf(statement), values: [...values] });
      const rows = await this.#patience.wait(asked, this.#options.answerMs);
      this.#options.onAnswer();
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a statement answers is known beside it alone
      return rows as T[];
    } catch (error) {
      this.#judge(client, error);
      throw error;
    }
  }

  #nameFor(client: pg.PoolClient, statement: Prepared): Promise<string | undefined> {
    return this.#names.nameFor(client, statement, (sql) => this.ask(client, sql));
  }

  /** Whether a connection can be used further. */
  trusts(client: pg.PoolClient): boolean {
    return !this.#distrusted.has(client) && (this.#madeAt.get(client) ?? -Infinity) > this.#retiredAt;
  }

  /** Ends the connections that there are: those at work when that is done, the others in place of being lent again. */
  retire(): void {
    this.#retiredAt = performance.now();
  }

  /** Lets nobody wait any longer, neither for a connection nor for an answer. */
  giveUp(error: Error): void {
    this.#patience.giveUp(error);
  }

  async #lend(): Promise<pg.PoolClient> {
    await this.#turn();
    try {
      return await this.#connect();
    } catch (error) {
      const isReduced = isFull(error) && this.#reduce();
      this.#free();
      if (isReduced) return this.#lend();
      this.#options.onTrouble(error);
      throw error;
    }
  }

  /** Until one of the connections is ours. */
  async #turn(): Promise<void> {
    if (this.#lent < this.#limit) return void this.#lent++;
    if (this.#waiters.size >= this.#options.maxWaiting) throw refuse();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { grant: resolve };
    this.#waiters.add(waiter);
    try {
      await this.#patience.wait(promise, this.#options.waitMs, { suspicious: false });
    } catch (error) {
      // It may have been granted in the same moment.
      if (!this.#waiters.delete(waiter)) this.#free();
      throw error;
    }
  }

  #free(): void {
    this.#lent--;
    for (const waiter of this.#waiters) {
      if (this.#lent >= this.#limit) return;
      this.#waiters.delete(waiter);
      this.#lent++;
      waiter.grant();
    }
  }

  get #limit(): number {
    return performance.now() < this.#growAt ? this.#ceiling : this.#options.size;
  }

  /** Makes do, for a while, with the connections that there are; false if there are none. */
  #reduce(): boolean {
    const { totalCount } = this.#options.pool;
    if (totalCount === 0) return false;
    this.#ceiling = totalCount;
    this.#growAt = performance.now() + growPauseMs;
    return true;
  }

  async #connect(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#connectOnce();
      if (this.trusts(client)) return client;
      client.release(true);
    }
  }

  async #connectOnce(): Promise<pg.PoolClient> {
    const { pool, waitMs } = this.#options;
    const connecting = pool.connect();
    try {
      return await this.#patience.wait(connecting, waitMs);
    } catch (error) {
      connecting.then(
        (late) => late.release(),
        () => undefined,
      );
      throw error;
    }
  }

  #judge(client: pg.PoolClient, error: unknown): void {
    if (isMisnamed(error)) this.#names.giveUp();
    // What it keeps ready was made for tables that have changed since.
    if (isStale(error)) this.#distrusted.add(client);
    if (!isLost(error) && !isReadOnly(error)) return this.#options.onAnswer();
    this.#distrusted.add(client);
    // Others may be as silent, or lead to the same server, and not know it yet.
    if (error instanceof Unanswered || isReadOnly(error)) this.retire();
    this.#options.onTrouble(error);
  }
}

/**
 * As the driver's own promise, after which V8 collects little while it is young: queries and rows live on, as if each
 * were kept by the one before it, a tenth of all that the server allocates (decision 0019).
 */
const ask = (client: pg.PoolClient, query: pg.QueryConfig): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    client.query(query, (error: Error | null, result) => {
      if (error === null) resolve(result.rows);
      else reject(error);
    });
  });
