import type { Truth } from './audit.ts';
import type { DoneFault } from './faults.ts';
import type { Life } from './nodes.ts';
import type { Options, World } from './plan.ts';
import type { ProbeRecord } from './probe.ts';
import type { ClientReport, StateReport, StatusReport, Unsettled } from './records.ts';
import type { MemorySample, Metrics } from './watch.ts';

/** All that a run leaves behind, for the checks to judge. Times are milliseconds since 1970. */
export interface Evidence {
  readonly options: Options;
  readonly world: World;
  readonly faults: readonly DoneFault[];
  /** One kill of a node and one restart of Redis, after the chaos, with nothing else broken. */
  readonly measured: readonly DoneFault[];
  /** Clients that were not whole again in time, and nodes that were not ready. */
  readonly unsettled: readonly Unsettled[];
  readonly clients: readonly ClientReport[];
  readonly states: readonly StateReport[];
  readonly statuses: readonly StatusReport[];
  readonly truth: Truth;
  readonly probes: readonly ProbeRecord[];
  readonly lives: readonly Life[];
  /** By the file they are in. */
  readonly complaints: Readonly<Record<string, readonly string[]>>;
  readonly memory: readonly MemorySample[];
  /** Of each node, when all was settled. */
  readonly metrics: readonly Metrics[];
  /** Sockets that were open then. */
  readonly sockets: number;
  readonly settledAt: number;
}

export interface Check {
  /** As the report and the list of deliberate faults name it. */
  readonly name: string;
  /** What holds if it finds nothing. */
  readonly promise: string;
  /** Whatever contradicts that, a sentence each. */
  readonly run: (evidence: Evidence) => string[];
}
