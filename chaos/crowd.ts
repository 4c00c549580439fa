/** A process of clients; `CrowdProcess` is its other end. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from './client.ts';
import { compareState } from './compare.ts';
import { planWorld, type Options, type PlannedConversation } from './plan.ts';
import type { ClientReport, StateReport, StatusReport, Unsettled } from './records.ts';
import { planSteps, take } from './workload.ts';

export interface CrowdStart {
  readonly options: Options;
  readonly worker: number;
  readonly origins: readonly string[];
  readonly secret: string;
}

/** What the main process can ask for. */
export interface Crowd {
  begin(start: CrowdStart): Promise<void>;
  /** Opens the conversations of the plan. */
  create(): Promise<void>;
  /** Connects everybody; resolves once all are whole, with those who are not after `limitMs`. */
  connect(limitMs: number): Promise<readonly Unsettled[]>;
  /** Takes the steps of the plan for so long; resolves when the last has begun. */
  run(ms: number): Promise<void>;
  /** How many are whole, and for each of them to which node they are connected. */
  progress(): Promise<{ readonly whole: number; readonly nodes: readonly number[] }>;
  /** Waits until nothing is under way and everybody is whole; answers those who are not after `limitMs`. */
  settle(limitMs: number): Promise<readonly Unsettled[]>;
  /** Compares each client's state with a fresh read. */
  compare(): Promise<readonly StateReport[]>;
  /** Those of the plan close their sockets for good. */
  leave(): Promise<void>;
  statuses(): Promise<readonly StatusReport[]>;
  report(): Promise<readonly ClientReport[]>;
}

/** Fresh reads at a time. */
const readers = 4;
const pollMs = 100;
const looks = 3;
const patienceMs = 4000;

let clients: Client[] = [];
let seed = 0;
let conversations: readonly PlannedConversation[] = [];

const crowd: Crowd = {
  async begin({ options, worker, origins, secret }) {
    const world = planWorld(options);
    ({ seed } = options);
    clients = world.clients
      .filter(({ index }) => index % options.workers === worker)
      .map((planned) => new Client({ planned, seed, origins, secret }));
    conversations = world.conversations;
  },
  async create() {
    const own = clients.filter(({ planned }) => planned.device === 0);
    await inTurns(own, readers, async (client) => {
      for (const planned of conversations)
        if (planned.creator === client.userId) await client.journal.create(planned);
    });
  },
  async connect(limitMs) {
    for (const client of clients) {
      client.connect();
      await delay(10);
    }
    return untilFinished(limitMs);
  },
  async run(ms) {
    const began = performance.now();
    const all = clients.flatMap((client) =>
      planSteps(seed, ms, client.planned.index).map((step) => ({ client, step })),
    );
    for (const { client, step } of all.sort((a, b) => a.step.at - b.step.at)) {
      const wait = step.at - (performance.now() - began);
      if (wait > 0) await delay(wait);
      void take(client, step);
    }
  },
  async progress() {
    const whole = clients.filter((client) => client.isWhole);
    return { whole: whole.length, nodes: whole.flatMap(({ session }) => session?.node ?? []) };
  },
  async settle(limitMs) {
    for (const client of clients) client.connect();
    return untilFinished(limitMs);
  },
  async compare() {
    const reports = new Map<Client, StateReport>();
    let left: readonly Client[] = clients;
    // What differs is looked at again: an event may be on its way, and a read takes several requests.
    for (let look = 1; look <= looks && left.length > 0; look++) {
      if (look > 1) await delay(patienceMs);
      await inTurns(left, readers, async (client) => void reports.set(client, await compareState(client)));
      left = left.filter((client) => reports.get(client)?.differences.length !== 0);
    }
    return [...reports.values()];
  },
  async leave() {
    await inTurns(clients, readers, async (client) => void (await client.askStatuses()));
    for (const client of clients)
      if (client.planned.leavesAtEnd !== null) client.disconnect(client.planned.leavesAtEnd);
  },
  async statuses() {
    const reports: StatusReport[] = [];
    await inTurns(clients, readers, async (client) => {
      const told = Object.fromEntries([...client.told].map(([userId, { status }]) => [userId, status]));
      const asked = await client.askStatuses();
      reports.push({
        index: client.planned.index,
        userId: client.userId,
        asked: Object.fromEntries(asked.map(({ user_id, status }) => [user_id, status])),
        told: client.session?.isOpen === true ? told : {},
      });
    });
    return reports;
  },
  async report() {
    return clients.map((client) => client.report());
  },
};

async function untilFinished(limitMs: number): Promise<readonly Unsettled[]> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const left = clients.flatMap(({ planned, unfinished }): Unsettled[] =>
      unfinished === null ? [] : [{ index: planned.index, what: unfinished }],
    );
    if (left.length === 0 || Date.now() > deadline) return left;
    await delay(pollMs);
  }
}

/** Runs `work` for each of `items`, at most `count` at a time. */
async function inTurns<T>(
  items: readonly T[],
  count: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

interface Question {
  readonly id: number;
  readonly method: keyof Crowd;
  readonly args: readonly unknown[];
}

process.on('message', (question: Question) => {
  const method: (...args: never[]) => Promise<unknown> = crowd[question.method];
  method(...(question.args as never[])).then(
    (answer) => process.send?.({ id: question.id, answer }),
    (error: unknown) =>
      process.send?.({ id: question.id, error: error instanceof Error ? error.stack : String(error) }),
  );
});
// Nobody is left to tell.
process.on('disconnect', () => process.exit());
