import { setTimeout as delay } from 'node:timers/promises';
import type { ServerNode } from './nodes.ts';
import type { Options } from './plan.ts';
import type { Postgres, Redis } from './processes.ts';
import type { Proxy } from './proxy.ts';
import { at, randomOf, weighted } from './random.ts';

/** All that can be broken. */
export interface Stage {
  readonly nodes: readonly ServerNode[];
  readonly proxies: readonly Proxy[];
  readonly postgres: Postgres;
  readonly redis: Redis;
}

/** How likely each is, and how long it lasts: milliseconds, from least to most. */
export const faultKinds = {
  'node killed': { weight: 5, ms: [200, 4000] },
  'node paused': { weight: 3, ms: [3000, 30_000] },
  'node drained': { weight: 3, ms: [0, 1000] },
  'redis killed': { weight: 3, ms: [0, 6000] },
  'redis flushed': { weight: 2, ms: [0, 0] },
  'redis paused': { weight: 2, ms: [1000, 8000] },
  'redis subscriptions cut': { weight: 2, ms: [0, 0] },
  'postgres killed': { weight: 2, ms: [0, 0] },
  'postgres restarted': { weight: 2, ms: [0, 0] },
  'postgres paused': { weight: 1, ms: [1000, 5000] },
  'connections cut': { weight: 4, ms: [0, 0] },
  'connections refused': { weight: 2, ms: [1000, 5000] },
  'connections delayed': { weight: 3, ms: [2000, 10_000] },
  'connections half-open': { weight: 3, ms: [10_000, 40_000] },
} as const satisfies Record<string, { weight: number; ms: readonly [number, number] }>;

export type FaultKind = keyof typeof faultKinds;

export interface PlannedFault {
  /** Milliseconds from the beginning. */
  readonly at: number;
  readonly kind: FaultKind;
  readonly node: number;
  readonly ms: number;
  /** From 0 to 1: how bad, where there are degrees. */
  readonly degree: number;
}

/** A fault that was carried out, in milliseconds since 1970. */
export interface DoneFault extends PlannedFault {
  readonly from: number;
  /** When everything that it broke was up again. */
  to: number | null;
  /** There was nothing to break: what it is about was down already. */
  skipped: boolean;
}

const kinds = Object.keys(faultKinds) as FaultKind[];

export const isFaultKind = (name: string): name is FaultKind => Object.hasOwn(faultKinds, name);

/** Which faults come, in which order and when: decided by the seed alone. Each kind comes once before any comes twice. */
export function planFaults({ seed, seconds, faults, nodes }: Options): PlannedFault[] {
  const random = randomOf(seed, 'faults');
  const chosen = kinds.filter((kind) => faults === null || faults.includes(kind));
  if (chosen.length === 0) return [];
  const weights = Object.fromEntries(chosen.map((kind) => [kind, faultKinds[kind].weight]));
  const first = random.shuffled(chosen);
  const end = seconds * 1000;
  // So that a short run meets every kind, too.
  const meanMs = Math.min(4000, (end - 4000) / (chosen.length + 1));
  const planned: PlannedFault[] = [];
  for (let time = 2000; ;) {
    const picked = weighted(weights, random.next());
    const kind = first.shift() ?? (isFaultKind(picked) ? picked : at(chosen, 0));
    const [least, most] = faultKinds[kind].ms;
    const [node, long, degree, pause] = [
      random.whole(0, nodes - 1),
      random.next(),
      random.next(),
      random.next(),
    ];
    if (time >= end) return planned;
    // Short ones are the more likely.
    planned.push({ at: time, kind, node, ms: Math.round(least + (most - least) * long ** 2), degree });
    time += meanMs * (0.4 + 1.2 * pause);
  }
}

/** Carries a fault out, and resolves when it is over. `over` ends it before its time. */
export async function carryOut(fault: DoneFault, stage: Stage, over: AbortSignal): Promise<void> {
  const node = at(stage.nodes, fault.node / stage.nodes.length);
  const proxy = at(stage.proxies, fault.node / stage.nodes.length);
  const last = (): Promise<unknown> => delay(fault.ms, undefined, { signal: over }).catch(() => undefined);
  await breakers[fault.kind]({ fault, node, proxy, last, ...stage });
}

interface Breaking extends Stage {
  readonly fault: DoneFault;
  readonly node: ServerNode;
  readonly proxy: Proxy;
  readonly last: () => Promise<unknown>;
}

let redisIsDown = false;
/** Nodes that are being ended or started. */
const busy = new Set<ServerNode>();

const breakers: Readonly<Record<FaultKind, (breaking: Breaking) => Promise<void>>> = {
  'node killed': ({ fault, node, last }) => inPlaceOf(fault, node, () => node.kill(), last),
  'node drained': ({ fault, node, last }) => inPlaceOf(fault, node, () => node.terminate(), last),
  async 'node paused'({ fault, node, last }) {
    if (!isFree(node)) return skip(fault);
    node.pause();
    await last();
    node.resume();
  },
  async 'redis killed'({ fault, redis, last }) {
    if (redisIsDown) return skip(fault);
    redisIsDown = true;
    await redis.kill();
    await last();
    await redis.start();
    redisIsDown = false;
  },
  async 'redis flushed'({ redis }) {
    redis.flush();
  },
  async 'redis paused'({ fault, redis, last }) {
    if (redisIsDown) return skip(fault);
    redisIsDown = true;
    redis.pause();
    await last();
    redis.resume();
    redisIsDown = false;
  },
  async 'redis subscriptions cut'({ redis }) {
    redis.killSubscriptions();
  },
  async 'postgres killed'({ postgres }) {
    postgres.kill();
    await postgres.ready();
  },
  async 'postgres restarted'({ postgres }) {
    postgres.restart();
    await postgres.ready();
  },
  async 'postgres paused'({ postgres, last }) {
    const resume = await postgres.pause();
    await last();
    resume();
    await postgres.ready();
  },
  async 'connections cut'({ proxy }) {
    proxy.cut();
  },
  async 'connections refused'({ proxy, last }) {
    proxy.refusing = true;
    proxy.cut();
    await last();
    proxy.refusing = false;
  },
  async 'connections delayed'({ fault, proxy, last }) {
    proxy.delayMs = Math.round(200 + 1800 * fault.degree ** 2);
    await last();
    proxy.delayMs = 0;
  },
  async 'connections half-open'({ proxy, last }) {
    const lift = proxy.halfOpen();
    await last();
    lift();
  },
};

const isFree = (node: ServerNode): boolean => node.isRunning && !node.isPaused && !busy.has(node);

function skip(fault: DoneFault): void {
  fault.skipped = true;
}

/** Ends a node and starts it again; while Postgres is away it can't start, and is tried until it can. */
async function inPlaceOf(
  fault: DoneFault,
  node: ServerNode,
  end: () => Promise<void>,
  last: () => Promise<unknown>,
): Promise<void> {
  if (!isFree(node)) return skip(fault);
  busy.add(node);
  await end();
  await last();
  await startUntilUp(node);
  busy.delete(node);
}

const mostStarts = 30;

async function startUntilUp(node: ServerNode): Promise<void> {
  for (let starts = 1; ; starts++) {
    try {
      return await node.start();
    } catch (error) {
      // An orchestrator would do the same.
      if (starts === mostStarts) throw error;
      await delay(500);
    }
  }
}
