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
  /** A hole in the versions of a conversation was given up. */
  gap(): void;
}

export interface BusMetrics {
  published(): void;
  received(): void;
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

/** Holes that the bus left. */
export function hubMetrics(registers: [Registry]): HubMetrics {
  const gaps = new Counter({
    name: 'parley_hub_gaps_total',
    help: 'Holes in the versions of a conversation that the hub gave up.',
    registers,
  });
  return { gap: () => gaps.inc() };
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
  return {
    published: () => events.inc({ direction: 'published' }),
    received: () => events.inc({ direction: 'received' }),
  };
}
