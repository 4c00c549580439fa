import type { Check, Evidence } from '../evidence.ts';
import type { Life } from '../nodes.ts';

/** Milliseconds that a node may take to end when it is asked to. */
const drainMs = 25_000;
const mostShown = 5;

export const logs: Check = {
  name: 'logs',
  promise:
    'no error in any log, no answer that says so, no end of a process that was not ours, and 0 on SIGTERM',
  run: (evidence) => [
    ...Object.entries(evidence.complaints).flatMap(([file, lines]) =>
      lines.slice(0, mostShown).map((line) => `${file}: ${line.slice(0, 600)}`),
    ),
    ...evidence.clients.flatMap(({ index, failures }) => failures.map((what) => `client ${index}: ${what}`)),
    ...evidence.lives.flatMap((life) => endings(life, evidence)),
  ],
};

function endings(life: Life, { faults }: Evidence): string[] {
  const { node, pid, asked, askedAt, endedAt, ending, readyAt, startedAt, logFile } = life;
  const named = `node ${node} (pid ${pid}, ${logFile})`;
  if (endedAt === null || ending === null) return [];
  const how = ending.signal ?? `code ${ending.code}`;
  if (readyAt === null && asked === null) {
    const excused = faults.some(
      ({ kind, from, to }) =>
        kind.startsWith('postgres') && from < endedAt && (to ?? Infinity) > startedAt - 1000,
    );
    return excused ? [] : [`${named} did not start, and nothing kept it from that (${how})`];
  }
  if (asked === null) return [`${named} ended by itself (${how})`];
  if (asked === 'SIGKILL') return [];
  const took = endedAt - (askedAt ?? endedAt);
  return [
    ...(ending.code === 0 ? [] : [`${named} ended with ${how} when asked by SIGTERM`]),
    ...(took <= drainMs ? [] : [`${named} took ${took} ms to end`]),
  ];
}
