import { checks } from './checks/all.ts';
import { quantile, returnsAfter, wholeAfter } from './checks/times.ts';
import type { Evidence } from './evidence.ts';

export interface Verdict {
  readonly check: string;
  readonly promise: string;
  readonly findings: readonly string[];
}

/** Without a wait for leases nothing can be said of presence. */
export const judge = (evidence: Evidence): Verdict[] =>
  checks
    .filter(({ name }) => !(evidence.options.quick && name === 'presence'))
    .map(({ name, promise, run }) => ({ check: name, promise, findings: run(evidence) }));

export interface Facts {
  readonly seed: number;
  readonly seconds: number;
  readonly clients: number;
  readonly messages: number;
  readonly acknowledged: number;
  readonly retried: number;
  readonly deliveries: number;
  readonly frames: number;
  readonly connections: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Milliseconds from a kill of a node to its clients being whole, with nothing else broken and in the midst of chaos. */
  readonly returns: Quantiles;
  readonly returnsInChaos: Quantiles;
  /** Milliseconds from Redis being back to delivery between nodes being whole. */
  readonly wholeAfterRedis: readonly number[];
}

interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function factsOf(evidence: Evidence): Facts {
  const { options, clients, faults, measured, truth } = evidence;
  const sum = (of: (client: Evidence['clients'][number]) => number): number =>
    clients.reduce((total, client) => total + of(client), 0);
  const sends = clients.flatMap((client) => client.sends);
  const kills = (list: Evidence['faults']) =>
    list.filter(({ kind, skipped }) => kind === 'node killed' && !skipped);
  const done = faults.filter(({ skipped }) => !skipped);
  return {
    seed: options.seed,
    seconds: options.seconds,
    clients: options.clients,
    messages: truth.messages.length,
    acknowledged: sends.filter(({ outcome }) => outcome === 'acknowledged').length,
    retried: sends.filter(({ unanswered }) => unanswered > 0).length,
    deliveries: sum((client) => client.deliveries),
    frames: sum((client) => client.frames),
    connections: sum((client) => client.connections),
    faults: Object.fromEntries(
      [...Map.groupBy(done, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length]),
    ),
    returns: quantiles(kills(measured).flatMap((kill) => returnsAfter(kill, evidence))),
    returnsInChaos: quantiles(kills(faults).flatMap((kill) => returnsAfter(kill, evidence))),
    wholeAfterRedis: measured
      .filter(({ kind }) => kind === 'redis killed')
      .map((fault) => wholeAfter(fault, evidence)),
  };
}

const quantiles = (values: readonly number[]): Quantiles => ({
  count: values.length,
  p50: quantile(values, 0.5),
  p99: quantile(values, 0.99),
  max: quantile(values, 1),
});

const mostShown = 8;

/** A short report for people. */
export function describe(facts: Facts, verdicts: readonly Verdict[], took: number): string {
  const times = ({ count, p50, p99, max }: Quantiles): string =>
    count === 0 ? 'nobody' : `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (${count} clients)`;
  return [
    '',
    `seed ${facts.seed}: ${facts.seconds} s of chaos, ${facts.clients} clients on 3 nodes, ${Math.round(took / 1000)} s in all`,
    `${facts.messages} messages, ${facts.acknowledged} acknowledged to clients (${facts.retried} after retries), ` +
      `${facts.deliveries} deliveries of durable events, ${facts.frames} frames, ${facts.connections} connections`,
    `faults: ${
      Object.entries(facts.faults)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', ') || 'none'
    }`,
    `whole again after a kill -9: ${times(facts.returns)}; in the midst of chaos: ${times(facts.returnsInChaos)}`,
    `delivery between nodes whole after Redis was back: ${facts.wholeAfterRedis.map((ms) => `${ms} ms`).join(', ') || 'not measured'}`,
    '',
    ...verdicts.flatMap(({ check, promise, findings }) => [
      `${findings.length === 0 ? 'ok    ' : 'FAILED'} ${check}: ${promise}`,
      ...findings.slice(0, mostShown).map((what) => `         ${what}`),
      ...(findings.length > mostShown ? [`         and ${findings.length - mostShown} more`] : []),
    ]),
  ].join('\n');
}
