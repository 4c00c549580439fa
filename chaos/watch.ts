/** What can be seen of the nodes from outside: their memory, their metrics and their logs. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { DoneFault } from './faults.ts';
import type { Life, ServerNode } from './nodes.ts';

export interface MemorySample {
  readonly pid: number;
  readonly at: number;
  /** Bytes. */
  readonly rss: number;
}

/** Gauges and counters of a node, by name and labels. */
export type Metrics = Readonly<Record<string, number>>;

const everyMs = 2000;

/** Notes how much memory each node uses, until it is stopped. */
export function watchMemory(nodes: readonly ServerNode[], samples: MemorySample[]): () => void {
  const look = async (): Promise<void> => {
    for (const { pid } of nodes.filter((node) => node.isRunning)) {
      const rss = await rssOf(pid);
      if (rss > 0) samples.push({ pid, at: Date.now(), rss });
    }
  };
  const timer = setInterval(() => void look(), everyMs);
  return () => clearInterval(timer);
}

async function rssOf(pid: number): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', `${pid}`]);
    return Number(stdout.trim()) * 1024;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

export async function readMetrics({ origin }: ServerNode): Promise<Metrics> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

/** What a node says at its start that is no log line. */
const greetings = [/^Parley is ready on /, /^API reference: /];
/** Refusals that are told to clients as such, and that they come back from. */
/** An operator is to hear of it, once each time. */
const outage = 'Postgres is away';
const giveUpMs = 6000;
const bad: readonly unknown[] = ['error', 'fatal'];
const expected: readonly unknown[] = ['unavailable', 'shutting_down'];

/** Lines of a log at level error or above, and whatever is no log line at all. */
export async function complaintsIn(
  { logFile, asked, readyAt }: Life,
  faults: readonly DoneFault[],
): Promise<string[]> {
  const lines = (await readFile(logFile, 'utf8')).split('\n').filter((line) => line !== '');
  // Killed in the midst of a line.
  if (asked === 'SIGKILL' && lines.length > 0 && parse(lines.at(-1) ?? '') === null) lines.pop();
  // It says in plain words why it could not start, and `logs` judges whether it had a reason.
  if (readyAt === null) return [];
  return lines.filter((line) => isComplaint(line, faults));
}

function isComplaint(line: string, faults: readonly DoneFault[]): boolean {
  const entry = parse(line);
  if (entry === null) return !greetings.some((greeting) => greeting.test(line));
  if (!bad.includes(entry['level'])) return false;
  if (entry['msg'] === outage) return !isOutage(Date.parse(String(entry['time'])), faults);
  return !(entry['status'] === 503 && expected.includes(entry['code']));
}

/** Whether Postgres was away by our doing; a connection may take some seconds to be given up. */
const isOutage = (at: number, faults: readonly DoneFault[]): boolean =>
  faults.some(
    ({ kind, from, to }) => kind.startsWith('postgres') && at >= from && at < (to ?? Infinity) + giveUpMs,
  );

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' ? (entry as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
