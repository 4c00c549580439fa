import type { Check, Evidence } from '../evidence.ts';

/** Milliseconds of a node's life after which it is warm, and the least it must have lived beyond to be judged. */
const warmMs = 15_000;
const judgedMs = 45_000;
/** What may come on top of the warm level: V8 gives memory back when it pleases. */
const factor = 1.6;
const slack = 96 * 1024 * 1024;

/** Things that wait; when nobody does anything there are none. */
const waiting = /^parley_\w*(waiting|queued|pending|outbox_bytes)\w*(\{|$)/;

export const memory: Check = {
  name: 'memory',
  promise: 'the memory of nodes goes back to its level, nothing waits any more, and no socket is left over',
  run: (evidence) => [...levels(evidence), ...leftovers(evidence)],
};

function levels({ lives, memory: samples, settledAt }: Evidence): string[] {
  const old = lives.filter(
    ({ endedAt, startedAt }) => (endedAt ?? Infinity) > settledAt && settledAt - startedAt > judgedMs,
  );
  return old.flatMap(({ node, pid, startedAt }) => {
    const own = samples.filter((sample) => sample.pid === pid);
    const warm = own.filter(({ at }) => at > startedAt + warmMs / 3 && at < startedAt + 2 * warmMs);
    const settled = own.filter(({ at }) => at > settledAt);
    const [before, after] = [highest(warm), lowest(settled)];
    return after <= before * factor + slack
      ? []
      : [
          `node ${node} uses ${mebibytes(after)} now that all is quiet, and used ${mebibytes(before)} when it was warm`,
        ];
  });
}

const highest = (samples: Evidence['memory']): number =>
  samples.reduce((most, { rss }) => Math.max(most, rss), 0);
const lowest = (samples: Evidence['memory']): number =>
  samples.length === 0 ? 0 : samples.reduce((least, { rss }) => Math.min(least, rss), Infinity);
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

function leftovers({ metrics, sockets }: Evidence): string[] {
  const open = metrics.reduce((sum, each) => sum + (each['parley_websocket_connections'] ?? 0), 0);
  return [
    ...metrics.flatMap((each, node) =>
      Object.entries(each)
        .filter(([name, value]) => waiting.test(name) && value > 0)
        .map(([name, value]) => `node ${node}: ${name} is ${value} when nobody does anything`),
    ),
    ...(open === sockets ? [] : [`the nodes count ${open} sockets, and there are ${sockets}`]),
  ];
}
