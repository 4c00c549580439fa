import dns from 'node:dns';
import { mkdtemp, rm } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startRelay, type Relay } from '../../test/support/relay.ts';
import { connectDatabase, type Database, type DatabaseOptions } from './database.ts';
import { startEmbedded, type EmbeddedPostgres } from './embedded.ts';

const slots = 9;
let dataDir: string;
let postgres: EmbeddedPostgres;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-database-'));
  const settings = { fsync: 'off', max_connections: `${slots}`, superuser_reserved_connections: '0' };
  postgres = await startEmbedded(dataDir, { settings, backoffMs: [300, 300, 300, 300, 300] });
}, 60_000);
afterAll(async () => {
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Watched {
  readonly database: Database;
  /** What an operator is told of its coming and going. */
  readonly states: string[];
  readonly unknown: () => number;
}

function open(url = postgres.url, options: Partial<DatabaseOptions> = {}): Watched {
  const states: string[] = [];
  let unknown = 0;
  const database = connectDatabase({
    url,
    size: 5,
    onState: (state) => states.push(state),
    onUnknownOutcome: () => unknown++,
    ...options,
  });
  closing.push(() => database.close());
  return { database, states, unknown: () => unknown };
}

async function relay(...[target = addressOf(postgres.url), ...at]: Partial<Parameters<typeof startRelay>>) {
  const started = await startRelay(target, ...at);
  closing.push(() => started.close());
  return started;
}

const addressOf = (url: string) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) });

const through = ({ host, port }: Pick<Relay, 'host' | 'port'>): string => {
  const url = new URL(postgres.url);
  url.host = `${host}:${port}`;
  return url.href;
};

/** Milliseconds until it rejects as it should where Postgres is away. */
async function refusal(work: Promise<unknown>): Promise<number> {
  const since = performance.now();
  await expect(work).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 });
  return performance.now() - since;
}

/** Milliseconds until it can be used again. */
async function recovery(database: Database): Promise<number> {
  const since = performance.now();
  await vi.waitFor(() => database.query('select 1'), { timeout: 10_000, interval: 50 });
  return performance.now() - since;
}

const hang = 'select pg_sleep(60)';

test('a Postgres that hangs is given up in seconds, then at once, and used again as soon as it answers', async () => {
  const between = await relay();
  const { database, states, unknown } = open(through(between));
  await database.query('select 1');
  between.freeze();
  const first = await Promise.all(Array.from({ length: 30 }, () => refusal(database.query('select 1'))));
  expect(Math.max(...first)).toBeLessThan(4500);
  expect(unknown()).toBeGreaterThan(0);
  const told = unknown();
  expect(await refusal(database.query('select 1'))).toBeLessThan(100);
  expect(await refusal(database.transact((tx) => tx.query('select 1')))).toBeLessThan(100);
  expect(database.stats().waiting).toBe(0);
  between.thaw();
  expect(await recovery(database)).toBeLessThan(2500);
  expect(states).toEqual(['away', 'available']);
  // What had waited in Postgres may have taken effect only now.
  expect(unknown()).toBe(told + 1);
});

test('Postgres killed and recovering: one that sends is told to retry, and can within seconds of its return', async () => {
  const { database, states } = open();
  const errors: Error[] = [];
  const watched = open(postgres.url, { onError: (error) => errors.push(error) });
  await Promise.all([1, 2, 3].map(() => watched.database.query('select pg_sleep(0.05)')));
  // A transaction between two statements, and a statement under way.
  const begun = Promise.withResolvers<void>();
  const killed = Promise.withResolvers<void>();
  const transaction = refusal(
    database.transact(async (tx) => {
      await tx.query('select 1');
      begun.resolve();
      await killed.promise;
      await tx.query('select 1');
    }),
  );
  await begun.promise;
  const statement = refusal(database.query(hang));
  const sleeping = "select 1 from pg_stat_activity where wait_event = 'PgSleep'";
  await vi.waitFor(async () => expect(await watched.database.query(sleeping)).toHaveLength(1));
  const { pid } = postgres;
  process.kill(pid, 'SIGKILL');
  await statement;
  killed.resolve();
  await transaction;
  await vi.waitFor(() => expect(states).toEqual(['away']), { timeout: 5000 });
  expect(await refusal(database.query('select 1'))).toBeLessThan(100);
  await vi.waitFor(() => expect(postgres.pid).not.toBe(pid), { timeout: 20_000 });
  expect(await recovery(database)).toBeLessThan(2500);
  expect(states).toEqual(['away', 'available']);
  // One line for many connections that broke together.
  expect(errors).toHaveLength(1);
});

test('a connection that breaks between two statements of a transaction costs that request, not the process', async () => {
  const { database, states, unknown } = open();
  const kill = async (pid: number) => {
    await database.query('select pg_terminate_backend($1)', [pid]);
    const gone = 'select 1 from pg_stat_activity where pid = $1';
    await vi.waitFor(async () => expect(await database.query(gone, [pid])).toEqual([]));
  };
  await refusal(
    database.transact(async (tx) => {
      const [backend] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await kill(backend?.pid ?? 0);
      await tx.query('select 1');
    }),
  );
  await database.query('select 1');
  expect(states).toEqual([]);
  // It was not committed: that is known.
  expect(unknown()).toBe(0);
});

test('after a failover the same name leads to another server, though old connections are open and silent', async () => {
  const old = await relay();
  const next = await relay();
  const { database, states } = open(through(old));
  // All of the pool's connections.
  await Promise.all(Array.from({ length: 5 }, () => database.query('select pg_sleep(0.1)')));
  old.leadTo(next);
  const times = await Promise.all(Array.from({ length: 3 }, () => refusal(database.query('select 1'))));
  // A probe that succeeds on a new connection does not excuse one that is silent.
  expect(Math.max(...times)).toBeLessThan(6000);
  expect(Math.max(...times)).toBeGreaterThan(4000);
  // None of those that were silent, but idle, is tried in vain afterwards.
  const since = performance.now();
  for (let index = 0; index < 5; index++) await database.query('select 1');
  expect(performance.now() - since).toBeLessThan(1500);
  expect(states).toEqual([]);
});

test.runIf(platform() === 'linux')(
  'a name is looked up for every new connection, so that a changed address is followed without a restart',
  async () => {
    const old = await relay(addressOf(postgres.url), '127.0.0.1');
    const next = await relay(addressOf(postgres.url), '127.0.0.2', old.port);
    let address = old.host;
    const lookup = dns.lookup;
    vi.spyOn(dns, 'lookup').mockImplementation(((name: string, ...rest: never[]) =>
      lookup(name === 'primary.test' ? address : name, ...(rest as unknown as [never]))) as never);
    const { database, states } = open(through({ host: 'primary.test', port: old.port }));
    await database.query('select 1');
    await old.down();
    await refusal(database.query('select 1'));
    await vi.waitFor(() => expect(states).toEqual(['away']));
    address = next.host;
    expect(await recovery(database)).toBeLessThan(2500);
  },
);

test('out of connections: those that there are serve on, with none left it is away, and comes back by itself', async () => {
  const { database, states } = open();
  await Promise.all([1, 2].map(() => database.query('select pg_sleep(0.1)')));
  const fillers: pg.Client[] = [];
  const fill = async () => {
    for (;;) {
      const filler = new pg.Client(postgres.url);
      filler.on('error', () => undefined);
      try {
        await filler.connect();
      } catch {
        return;
      }
      fillers.push(filler);
    }
  };
  const empty = () => Promise.all(fillers.splice(0).map((filler) => filler.end()));
  closing.push(empty);
  await fill();
  expect(database.stats().total).toBe(2);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      database.query<{ n: number }>('select $1::int as n, pg_sleep(0.01)', [index]),
    ),
  );
  expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(states).toEqual([]);

  const late = open();
  await refusal(late.database.query('select 1'));
  await vi.waitFor(() => expect(late.states).toEqual(['away']));
  expect(await refusal(late.database.query('select 1'))).toBeLessThan(100);
  await empty();
  expect(await recovery(late.database)).toBeLessThan(2500);
  expect([...states, ...late.states]).toEqual(['away', 'available']);
});

test('read-only: reads go on, writes say retry, and after it new connections reach whoever is the primary then', async () => {
  const { database, states } = open();
  await database.query('create table if not exists written (n int)');
  const admin = new pg.Client(postgres.url);
  await admin.connect();
  closing.push(() => admin.end());
  const pids = async () =>
    (
      await admin.query<{ pid: number }>(
        `select pid from pg_stat_activity where application_name = 'parley' and state = 'idle'`,
      )
    ).rows.map(({ pid }) => pid);
  const set = async (value: 'on' | 'off') => {
    await admin.query(`alter system set default_transaction_read_only = ${value}`);
    await admin.query('select pg_reload_conf()');
  };
  closing.push(() => set('off'));
  const before = await pids();
  await set('on');
  const write = () => database.query('insert into written values (1)');
  await vi.waitFor(() => refusal(write()));
  await vi.waitFor(() => expect(states).toEqual(['read-only']));
  await database.query('select count(*) from written');
  await expect(database.check()).rejects.toMatchObject({ code: 'unavailable' });
  await refusal(write());
  await set('off');
  await vi.waitFor(write, { timeout: 5000 });
  await vi.waitFor(() => expect(states).toEqual(['read-only', 'available']));
  await write();
  // No connection is left from the time at which the server was the primary, or at which it was not.
  expect((await pids()).filter((pid) => before.includes(pid))).toEqual([]);
});

test('who waits for a connection is bounded in number, so that memory is', async () => {
  const { database } = open(postgres.url, { size: 1, maxWaiting: 3 });
  const slow = database.query('select pg_sleep(0.3)');
  const waiting = [1, 2, 3].map(() => database.query('select 1'));
  expect(await refusal(database.query('select 1'))).toBeLessThan(100);
  await Promise.all([slow, ...waiting]);
});

test('one statement that takes too long fails alone: nobody else notices', async () => {
  const { database, states } = open(postgres.url, { answerMs: 500 });
  const slow = refusal(database.query(hang));
  const slowInTransaction = refusal(database.transact((tx) => tx.query(hang)));
  for (let index = 0; index < 20; index++) await database.query('select pg_sleep(0.05)');
  expect(await slow).toBeLessThan(2000);
  expect(await slowInTransaction).toBeLessThan(2000);
  expect(states).toEqual([]);
});

test('a mistake of a statement is told as it is and costs no connection', async () => {
  const { database } = open(postgres.url, { size: 1 });
  const pid = () => database.query<{ pid: number }>('select pg_backend_pid() as pid');
  const before = await pid();
  await expect(database.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
  await expect(database.transact((tx) => tx.query('select nothing'))).rejects.toMatchObject({
    code: '42703',
  });
  expect(await pid()).toEqual(before);
});

test('a node that stops in the midst of a transaction does not keep others from what it locked', async () => {
  const { database } = open(postgres.url, { answerMs: 700 });
  await database.query('create table if not exists locked (n int)');
  const locked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const stopped = refusal(
    database.transact(async (tx) => {
      await tx.query('lock table locked');
      locked.resolve();
      await gate.promise;
      await tx.query('select 1');
    }),
  );
  await locked.promise;
  await vi.waitFor(() => database.query('insert into locked values (1)'), { timeout: 5000 });
  gate.resolve();
  await stopped;
});

test('a commit without an answer is of unknown outcome; a transaction that was lost before it is not', async () => {
  const between = await relay();
  const { database, unknown } = open(through(between));
  await database.query('create table if not exists kept (n int)');
  const write = (n: number) => database.transact((tx) => tx.query('insert into kept values ($1)', [n]));
  const inserted = between.cutAnswerTo('insert into');
  await refusal(write(1));
  await inserted;
  expect(unknown()).toBe(0);
  const cut = between.cutAnswerTo('commit');
  await refusal(write(2));
  await cut;
  expect(unknown()).toBe(1);
  expect(await database.query('select n from kept')).toEqual([{ n: 2 }]);
});
