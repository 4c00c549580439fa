import type { Conversation } from '@parley/protocol';
import type { ChangeStore, ConversationStore, MissedChanges } from '../messaging/ports.ts';
import type { Log } from './listener.ts';
import { Missed, type Newcomer } from './missed.ts';

export interface MenderDeps {
  readonly changes: Pick<ChangeStore, 'changesAfter'>;
  readonly conversations: Pick<ConversationStore, 'readMany'>;
  readonly log: Log;
  /**
   * Where a conversation's changes are missing: after `version`, up to `upTo` at least. Null if none are. `entrance` is
   * the version at which somebody came who is not in it here.
   */
  readonly placeOf: (conversationId: string, entrance: number | null) => Hole | null;
  /** Those here for whom these changes begin with their entrance. */
  readonly newcomersOf: (missed: MissedChanges) => readonly string[];
  readonly apply: (missed: Missed) => void;
  /** The store has nothing after a version either, though an event was of a later one. */
  readonly giveUp: (conversationId: string, hole: Hole) => void;
}

export interface Hole {
  readonly version: number;
  readonly upTo: number;
}

/** Conversations that are asked for in one question. */
const maxBatch = 50;
/** Views that are read at once, of different people. */
const parallelViews = 4;
const firstRetryMs = 250;
const maxRetryMs = 5000;

/** Conversations that fail one after the other, each by itself, after which the store counts as away. */
const awayAfter = 2;

/** By conversation: the earliest entrance that is missing, if any is. */
type Wanted = Map<string, number | null>;

/**
 * Fetches what the bus did not bring, for many conversations at once, in rounds until nothing is missing. A round that
 * fails is halved until it is known which conversations fail by themselves: those are tried again at a growing distance,
 * and hold up no others. While the store is away it goes on trying; nothing is kept meanwhile but which they are.
 */
export class Mender {
  readonly #deps: MenderDeps;
  readonly #wanted: Wanted = new Map();
  /** Those that failed by themselves, until the next attempt. */
  readonly #failed: Wanted = new Map();
  #isAway = false;
  #running: Promise<boolean> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #retryMs = firstRetryMs;
  #closed = false;

  constructor(deps: MenderDeps) {
    this.#deps = deps;
  }

  /** Has a conversation looked after soon. Neither throws nor waits. */
  want(conversationId: string, entrance: number | null = null): void {
    if (this.#failed.has(conversationId)) return note(this.#failed, conversationId, entrance);
    note(this.#wanted, conversationId, entrance);
    if (!this.#isAway) this.#running ??= this.#run();
  }

  /** Resolves once nothing is wanted: true, or false if something could not be read. Never rejects. */
  settle(): Promise<boolean> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const [id, entrance] of this.#failed) note(this.#wanted, id, entrance);
    this.#failed.clear();
    return (this.#running ??= this.#run());
  }

  close(): void {
    this.#closed = true;
    this.#wanted.clear();
    this.#failed.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #run(): Promise<boolean> {
    // What is wanted in the same turn is one question.
    await Promise.resolve();
    let failures = 0;
    let reason: unknown;
    // The next to try come last.
    const parts: Wanted[] = [];
    while (failures < awayAfter && !this.#closed) {
      const batch = parts.pop() ?? this.#take();
      if (batch.size === 0) break;
      try {
        await this.#round(batch);
        failures = 0;
      } catch (err) {
        reason = err;
        if (batch.size > 1) parts.push(...halves(batch));
        else {
          failures++;
          for (const [id, entrance] of batch) note(this.#failed, id, entrance);
        }
      }
    }
    for (const part of parts) for (const [id, entrance] of part) note(this.#wanted, id, entrance);
    // In the turn in which there was nothing more: what is wanted from now on is another run.
    this.#running = null;
    this.#isAway = failures >= awayAfter;
    if (this.#isAway || this.#failed.size > 0) return this.#retry(reason);
    if (this.#retryMs > firstRetryMs)
      this.#deps.log.info({}, 'changes that did not arrive can be read again');
    this.#retryMs = firstRetryMs;
    return true;
  }

  #take(): Wanted {
    const batch = new Map([...this.#wanted].slice(0, maxBatch));
    for (const id of batch.keys()) this.#wanted.delete(id);
    return batch;
  }

  async #round(batch: ReadonlyMap<string, number | null>): Promise<void> {
    const holes = new Map<string, Hole>();
    for (const [id, entrance] of batch) {
      const hole = this.#deps.placeOf(id, entrance);
      if (hole !== null) holes.set(id, hole);
    }
    if (holes.size === 0) return;
    const places = [...holes].map(([conversationId, { version }]) => ({ conversationId, version }));
    const answers = await this.#deps.changes.changesAfter(places);
    const found = new Map(answers.map((missed) => [missed.conversationId, missed]));
    for (const [id, hole] of holes) {
      const missed = found.get(id);
      // Events follow commits: what the store did not have just now, it does not have.
      if (missed === undefined || missed.upTo <= hole.version) this.#deps.giveUp(id, hole);
      else await this.#fill(missed, hole, batch.get(id) ?? null);
    }
  }

  async #fill(missed: MissedChanges, hole: Hole, entrance: number | null): Promise<void> {
    const newcomers = await this.#newcomers(missed);
    if (this.#closed) return;
    this.#deps.apply(new Missed(missed, newcomers));
    if (missed.upTo >= hole.upTo) return;
    // The rest, in another round; who came among these is in by now.
    const next = entrance !== null && entrance > missed.upTo ? entrance : null;
    note(this.#wanted, missed.conversationId, next);
  }

  async #newcomers(missed: MissedChanges): Promise<Newcomer[]> {
    const versions = new Map(missed.joined.map(({ userId, version }) => [userId, version]));
    const [first, ...others] = this.#deps.newcomersOf(missed);
    if (first === undefined) return [];
    const view = await this.#view(missed.conversationId, first);
    const found: [string, Conversation | null][] = [[first, view]];
    for (let start = 0; start < others.length; start += parallelViews) {
      const views = others
        .slice(start, start + parallelViews)
        .map(async (userId): Promise<[string, Conversation | null]> => {
          return [userId, sameFor(view, userId) ?? (await this.#view(missed.conversationId, userId))];
        });
      found.push(...(await Promise.all(views)));
    }
    return found.flatMap(([userId, view]) => {
      const version = versions.get(userId);
      // Who has no role there any more left since: their leaving is yet to come.
      if (version === undefined || view === null || view.my_role === null) return [];
      return [{ userId, version, view }];
    });
  }

  async #view(conversationId: string, userId: string): Promise<Conversation | null> {
    const viewer = {
      kind: 'user',
      userId,
      displayName: userId,
      avatarUrl: null,
      appRole: 'student',
    } as const;
    const [view] = await this.#deps.conversations.readMany([conversationId], viewer);
    return view ?? null;
  }

  #retry(reason: unknown): false {
    // What was wanted meanwhile is no further attempt at what failed.
    if (this.#closed || this.#timer !== null) return false;
    if (this.#retryMs === firstRetryMs)
      this.#deps.log.warn({ err: reason }, 'changes that did not arrive could not be read; trying again');
    this.#timer = setTimeout(() => void this.settle(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
    return false;
  }
}

function note(wanted: Wanted, conversationId: string, entrance: number | null): void {
  const earliest = Math.min(wanted.get(conversationId) ?? Infinity, entrance ?? Infinity);
  wanted.set(conversationId, earliest === Infinity ? null : earliest);
}

/** The first half comes last. */
function halves(batch: ReadonlyMap<string, number | null>): Wanted[] {
  const entries = [...batch];
  const middle = Math.ceil(entries.length / 2);
  return [new Map(entries.slice(middle)), new Map(entries.slice(0, middle))];
}

/** Two people see a conversation alike, but for what is said of themselves in it. */
function sameFor(view: Conversation | null, userId: string): Conversation | null {
  const self = view?.participants.find((participant) => participant.user_id === userId);
  if (view === null || self === undefined) return null;
  return { ...view, my_role: self.role, unread_count: view.last_seq - self.last_read_seq };
}
