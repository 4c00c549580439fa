import type { Check, Evidence } from '../evidence.ts';
import type { DoneFault } from '../faults.ts';

/** Milliseconds: after a kill of a node its clients' state is whole again (99 of 100); delivery after Redis is back. */
const returnMs = 5000;
const deliveryMs = 3000;
/** Milliseconds within which a client notices that its node was killed: the connection is reset. */
const noticeMs = 1500;
/** Milliseconds beyond which a message between nodes was late: repaired, and not carried by the bus. */
const promptMs = 1000;
const afterwardsMs = 8000;

export const times: Check = {
  name: 'times',
  promise:
    'after a kill of a node its clients are whole within 5 s (p99), after a restart of Redis delivery within 3 s',
  run(evidence) {
    const returns = evidence.measured
      .filter(({ kind }) => kind === 'node killed')
      .flatMap((kill) => returnsAfter(kill, evidence));
    const p99 = quantile(returns, 0.99);
    const late = evidence.measured
      .filter(({ kind }) => kind === 'redis killed')
      .map((fault) => wholeAfter(fault, evidence))
      .filter((ms) => ms > deliveryMs);
    return [
      ...(returns.length === 0 || p99 <= returnMs
        ? []
        : [`after a kill -9 clients were back after ${p99} ms (p99)`]),
      ...late.map((ms) => `after Redis was back, delivery between nodes was whole after ${ms} ms`),
    ];
  },
};

/** Milliseconds from a kill of a node to each of its clients being whole again; of those who never were, infinite. */
export const returnsAfter = ({ from, node }: DoneFault, { clients }: Evidence): number[] =>
  clients
    .flatMap(({ returns }) => returns)
    .filter(({ node: lost, lostAt }) => lost === node && lostAt >= from - 100 && lostAt < from + noticeMs)
    .map(({ backAt }) => (backAt === null ? Infinity : backAt - from));

/** Milliseconds from Redis being back to the arrival of the last message between nodes that was late. */
export function wholeAfter({ from, to }: DoneFault, { probes }: Evidence): number {
  const back = to ?? Infinity;
  const late = probes
    .filter(({ sentAt }) => sentAt > from - promptMs && sentAt < back + afterwardsMs)
    .flatMap(({ sentAt, arrivedAt }) =>
      Object.values(arrivedAt)
        .map((at) => at ?? Infinity)
        .filter((at) => at - sentAt > promptMs),
    );
  return Math.max(0, ...late.map((at) => at - back));
}

/** The value below which this share of them lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
