import { Counter, Histogram, type Registry } from 'prom-client';
import { watchedGauge } from './watched-gauge.ts';

export interface PoolUse {
  readonly total: number;
  readonly idle: number;
  /** Queries that wait for a connection. */
  readonly waiting: number;
}

export interface StoreMetrics {
  /** A batch of the message writer was committed, or given up. */
  batch(size: number, ms: number): void;
  /** Asks `read` for the pool's use whenever the metrics are asked for. */
  watchPool(read: () => PoolUse): void;
}

export interface HubMetrics {
  /** A hole in the versions of a conversation was given up: the database does not have them either. */
  gap(): void;
  /** So many changes or receipts of which no event had come were read from the database. */
  repaired(kind: 'change' | 'receipt', count: number): void;
}

export interface BusUse {
  /** Conversations and people that are followed. */
  readonly size: number;
  /** Whether what is published elsewhere arrives here. */
  readonly whole: boolean;
  /** Characters that wait to be sent. */
  readonly waiting: number;
}

export interface BusMetrics {
  published(): void;
  received(): void;
  /** So many events did not reach other nodes, or may not have. */
  lost(events: number): void;
  /** So much of what came was not what a node publishes. */
  malformed(count: number): void;
  /** Events may have been missed, and don't any more. */
  uncertain(): void;
  /** Asks `read` for the use of the bus whenever the metrics are asked for. */
  watch(read: () => BusUse): void;
}

/** The writer's batches and the database's connections. */
export function storeMetrics(registers: [Registry]): StoreMetrics {
  const size = new Histogram({
    name: 'parley_writer_batch_messages',
    help: 'Messages in one batch of the writer.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers,
  });
  const duration = new Histogram({
    name: 'parley_writer_batch_duration_seconds',
    help: 'Time that a batch of the writer took, its commit included.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  let readPool: () => PoolUse = () => ({ total: 0, idle: 0, waiting: 0 });
  watchedGauge(
    'parley_database_connections',
    'Connections of the database pool.',
    registers,
    () => readPool().total,
  );
  watchedGauge(
    'parley_database_idle_connections',
    'Those of them that do nothing.',
    registers,
    () => readPool().idle,
  );
  watchedGauge(
    'parley_database_waiting_queries',
    'Queries that wait for a connection.',
    registers,
    () => readPool().waiting,
  );
  return {
    batch(messages, ms) {
      size.observe(messages);
      duration.observe(ms / 1000);
    },
    watchPool(read) {
      readPool = read;
    },
  };
}

/** What the bus did not bring. */
export function hubMetrics(registers: [Registry]): HubMetrics {
  const repaired = new Counter({
    name: 'parley_hub_repaired_total',
    help: 'Changes and receipts that no event brought and that were read from the database.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of ['change', 'receipt']) repaired.inc({ kind }, 0);
  const gaps = new Counter({
    name: 'parley_hub_gaps_total',
    help: 'Holes in the versions of a conversation that the hub gave up.',
    registers,
  });
  return { gap: () => gaps.inc(), repaired: (kind, count) => repaired.inc({ kind }, count) };
}

/** The traffic between nodes. */
export function busMetrics(registers: [Registry]): BusMetrics {
  const events = new Counter({
    name: 'parley_bus_events_total',
    help: 'Events that this node published to the bus or received from it.',
    labelNames: ['direction'],
    registers,
  });
  for (const direction of ['published', 'received']) events.inc({ direction }, 0);
  const count = (name: string, help: string) => new Counter({ name, help, registers });
  const lost = count('parley_bus_lost_events_total', 'Events that may not have reached other nodes.');
  const malformed = count('parley_bus_malformed_total', 'Messages on the bus that no node sends.');
  const uncertain = count('parley_bus_uncertain_total', 'Times that events may have been missed.');
  let read = (): BusUse => ({ size: 0, whole: true, waiting: 0 });
  const gauge = (name: string, help: string, value: () => number) =>
    watchedGauge(name, help, registers, value);
  gauge('parley_bus_topics', 'Conversations and people that are followed on the bus.', () => read().size);
  gauge('parley_bus_whole', '1 while what other nodes publish arrives here.', () => Number(read().whole));
  gauge('parley_bus_waiting_characters', 'Characters that wait to be published.', () => read().waiting);
  return {
    published: () => events.inc({ direction: 'published' }),
    received: () => events.inc({ direction: 'received' }),
    lost: (number) => lost.inc(number),
    malformed: (messages) => malformed.inc(messages),
    uncertain: () => uncertain.inc(),
    watch: (use) => {
      read = use;
    },
  };
}
