import type pg from 'pg';

/**
 * A statement that Postgres keeps ready on each connection, so that it is parsed and planned once and not each time. For
 * statements that are hot and whose plan does not depend on their values: after some calls it is a generic one.
 */
export interface Prepared {
  /** Unlike that of any other. */
  readonly name: string;
  readonly text: string;
}

/** A statement with its own name, made once where the module is read. */
export const prepared = (name: string, text: string): Prepared => ({ name: `parley_${name}`, text });

/** The statement as it is where nothing may be kept. */
export const textOf = (statement: string | Prepared): string =>
  typeof statement === 'string' ? statement : statement.text;

/**
 * On which connections a name means something later. A pooler such as Supavisor or PgBouncer hands each transaction to
 * whichever of its connections is free, and what was prepared on one is missing on the next. It gives its clients a key
 * of its own to cancel by, where Postgres gives the process id of the backend: so the two ids tell whether a connection
 * leads straight to a backend.
 */
export class PreparedNames {
  readonly #isStraight = new WeakMap<pg.PoolClient, boolean>();
  #isOff = false;

  /** The name to use for a statement; undefined where there is to be none. `ask` asks the connection. */
  async nameFor(
    client: pg.PoolClient,
    statement: Prepared,
    ask: (sql: string) => Promise<{ pid: number }[]>,
  ): Promise<string | undefined> {
    if (this.#isOff) return undefined;
    let isStraight = this.#isStraight.get(client);
    if (isStraight === undefined) {
      const [backend] = await ask('select pg_backend_pid() as pid');
      isStraight = 'processID' in client && client.processID === backend?.pid;
      this.#isStraight.set(client, isStraight);
    }
    return isStraight ? statement.name : undefined;
  }

  /** A name was missing, or was there already: something lies between us and Postgres after all. */
  giveUp(): void {
    this.#isOff = true;
  }
}
