import { setTimeout as delay } from 'node:timers/promises';
import { readTruth } from './audit.ts';
import { askAll } from './crowd-process.ts';
import type { Evidence } from './evidence.ts';
import { carryOut, planFaults, type DoneFault, type PlannedFault } from './faults.ts';
import { planWorld, type Options } from './plan.ts';
import type { StatusReport, Unsettled } from './records.ts';
import { untilReady, type FullStage } from './stage.ts';
import { complaintsIn, readMetrics, watchMemory, type MemorySample } from './watch.ts';

export type Say = (what: string) => void;

/** Milliseconds: to connect everybody; to be whole again once everything is up; a node to be ready. */
const connectLimitMs = 120_000;
const settleLimitMs = 90_000;
const readyLimitMs = 30_000;
/** Milliseconds after which nobody may be shown who has gone: the lease, the grace, and a little. */
const leaseMs = 45_000;
/** Milliseconds after which late receipts of large conversations have been written. */
const receiptsMs = 8000;
/** Milliseconds that the measured faults and what follows them take. */
const measuredMs = 26_000;

/** Plays the whole piece and brings home what it left behind. */
export async function run(options: Options, stage: FullStage, say: Say): Promise<Evidence> {
  const memory: MemorySample[] = [];
  const stopWatching = watchMemory(stage.nodes, memory);
  const stuck = (await askAll(stage.crowd, 'connect', connectLimitMs)).flat();
  if (stuck.length > 0)
    throw new Error(`clients could not connect at first: ${JSON.stringify(stuck.slice(0, 5))}`);
  await stage.probe.start();
  say(`${options.clients} clients are connected`);

  const workload = askAll(stage.crowd, 'run', busyMs(options));
  // It is awaited below; if it fails before, that is said there.
  workload.catch(() => undefined);
  const faults = await chaos(options, stage, say);
  const missing = await untilReady(stage.nodes, readyLimitMs);
  say('the chaos is over; everything is being put up again');
  await delay(3000);
  const measured = options.faults === null ? await measure(stage, say) : [];
  await workload;
  stage.probe.stop();

  const unsettled: Unsettled[] = [
    ...missing.map((index) => ({ index: -1, what: `waits for node ${index}, which is not ready` })),
    ...(await askAll(stage.crowd, 'settle', settleLimitMs)).flat(),
  ];
  await delay(receiptsMs);
  const settledAt = Date.now();
  say(`settled; comparing ${options.clients} clients with fresh reads`);
  const states = (await askAll(stage.crowd, 'compare')).flat();
  const statuses = options.quick ? [] : await leave(stage, say);
  const sockets = (await askAll(stage.crowd, 'progress')).reduce((sum, { whole }) => sum + whole, 0);
  const metrics = await Promise.all(stage.nodes.map(readMetrics));
  const open = sockets + stage.probe.connections;
  stopWatching();
  const clients = (await askAll(stage.crowd, 'report')).flat();
  const truth = await readTruth(stage.postgres.url);
  stage.probe.close();
  await Promise.all(stage.nodes.map((node) => node.terminate()));
  const lives = stage.nodes.flatMap((node) => node.lives);
  const complaints = Object.fromEntries(
    await Promise.all(lives.map(async (life) => [life.logFile, await complaintsIn(life, faults)] as const)),
  );
  return {
    options,
    world: planWorld(options),
    faults,
    measured,
    unsettled,
    clients,
    states,
    statuses,
    truth,
    probes: stage.probe.records,
    lives,
    complaints,
    memory,
    metrics,
    sockets: open,
    settledAt,
  };
}

/** Some go for good; answers what the others are shown and told of them once their leases have ended. */
async function leave({ crowd }: FullStage, say: Say): Promise<StatusReport[]> {
  await askAll(crowd, 'leave');
  say(`some have left; waiting ${leaseMs / 1000} s for their leases to end`);
  await delay(leaseMs);
  return (await askAll(crowd, 'statuses')).flat();
}

/** Milliseconds for which clients are to be kept busy. */
const busyMs = ({ seconds, faults }: Options): number => seconds * 1000 + (faults === null ? measuredMs : 0);

async function chaos(options: Options, stage: FullStage, say: Say): Promise<DoneFault[]> {
  const over = new AbortController();
  const began = Date.now();
  const done: DoneFault[] = [];
  const underWay: Promise<void>[] = [];
  for (const planned of planFaults(options)) {
    await delay(Math.max(0, planned.at - (Date.now() - began)));
    underWay.push(perform(planned, stage, over.signal, done, say));
  }
  await delay(Math.max(0, options.seconds * 1000 - (Date.now() - began)));
  over.abort();
  await Promise.all(underWay);
  return done;
}

async function perform(
  planned: PlannedFault,
  stage: FullStage,
  over: AbortSignal,
  done: DoneFault[],
  say: Say,
): Promise<void> {
  const fault: DoneFault = { ...planned, from: Date.now(), to: null, skipped: false };
  done.push(fault);
  say(
    `${fault.kind}${/^(node|connections)/.test(fault.kind) ? ` (node ${fault.node})` : ''}, ${fault.ms} ms`,
  );
  await carryOut(fault, stage, over);
  fault.to = Date.now();
}

/** How long it takes to come back, with nothing else broken: one kill of a node, then one restart of Redis. */
async function measure(stage: FullStage, say: Say): Promise<DoneFault[]> {
  const done: DoneFault[] = [];
  const { signal } = new AbortController();
  const node = await busiestOf(stage);
  const fault = { at: 0, node, degree: 0 };
  await perform({ ...fault, kind: 'node killed', ms: 7000 }, stage, signal, done, say);
  await untilReady(stage.nodes, readyLimitMs);
  await delay(2000);
  await perform({ ...fault, kind: 'redis killed', ms: 2000 }, stage, signal, done, say);
  await delay(9000);
  return done;
}

/** The node that most clients are connected to: chaos may have driven them away from the others. */
async function busiestOf({ crowd, nodes }: FullStage): Promise<number> {
  const connected = (await askAll(crowd, 'progress')).flatMap((progress) => progress.nodes);
  const counts = nodes.map(({ index }) => connected.filter((node) => node === index).length);
  return counts.indexOf(Math.max(...counts));
}
