import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '@parley/protocol';
import { Deadlines } from '../messaging/deadlines.ts';
import { Gather } from '../messaging/gather.ts';
import type { Clock } from '../messaging/ports.ts';
import type { PresenceState, PresenceWatcher } from '../messaging/presence-state.ts';
import type { Log } from './listener.ts';
import { Burial } from './presence-burial.ts';
import { PresenceScripts, type PresenceRedis } from './presence-scripts.ts';
import { Told } from './presence-told.ts';
import { TypingTable } from './presence-typing.ts';

/** Times in milliseconds. */
export interface RedisPresenceOptions {
  readonly redis: PresenceRedis;
  /** Tells this installation from another on the same Redis: some letters and digits, the same on each node. */
  readonly installation: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Another one for each start of a process. */
  readonly nodeId?: string;
  /** A node that was silent for so long is dead. */
  readonly leaseMs?: number;
  readonly renewEveryMs?: number;
  /** After Redis was away or lost what it knew: until every living node has told it again. */
  readonly doubtMs?: number;
  /** What a node that closes leaves its people to appear elsewhere. */
  readonly graceMs?: number;
}

/** People in one script. */
const batch = 500;
/** Nodes that this one waits for at most before it says that somebody is gone whom it misses. */
const mostAhead = 3;

/**
 * Presence across nodes: each holds a lease in Redis, and only people of living nodes count. Redis is a hint here, too:
 * every node knows its own people, and writes them again when Redis has lost them. Without Redis a node answers from what
 * it has itself.
 *
 * Who goes while that can't be known for all nodes is gone `doubtMs` later, by what is known then.
 */
export class RedisPresenceState implements PresenceState {
  readonly #options: Required<RedisPresenceOptions>;
  readonly #scripts: PresenceScripts;
  /** Those of this node. */
  readonly #people = new Set<string>();
  readonly #told = new Told();
  readonly #burial: Burial;
  readonly #typing: TypingTable;
  readonly #entering = new Gather((userIds: readonly string[]) => this.#attend('enter', userIds), batch);
  readonly #leaving = new Gather((userIds: readonly string[]) => this.#attend('leave', userIds), batch);
  readonly #looking = new Gather((userIds: readonly string[]) => this.#attend('look', userIds), batch);
  /** Who left in doubt, since when, and when to settle it. */
  readonly #left = new Map<string, number>();
  readonly #settling: Deadlines<string>;
  /** Who came, and who was said to be gone, by this node's knowledge alone. */
  readonly #cameAlone = new Set<string>();
  readonly #goneAlone = new Set<string>();
  #watcher: PresenceWatcher | null = null;
  /** Null before the first answer. */
  #isAway: boolean | null = null;
  /** Nodes that come before this one where one is to speak for all. */
  #ahead = 0;
  /** By `performance.now()`: since when all is well. */
  #steadySince = performance.now();
  #hasDoubt = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void>;
  readonly #first: Promise<void>;

  constructor(options: RedisPresenceOptions) {
    this.#options = {
      nodeId: randomUUID(),
      leaseMs: 12_000,
      renewEveryMs: 3000,
      doubtMs: 8000,
      graceMs: limits.presenceGraceMs,
      ...options,
    };
    this.#scripts = new PresenceScripts(options.redis, options.installation, this.#options.nodeId);
    this.#burial = new Burial({
      scripts: this.#scripts,
      batch,
      log: options.log,
      tellGone: async (userIds, seenAt) => this.#watcher?.gone(userIds, seenAt),
    });
    this.#typing = new TypingTable(options.clock);
    this.#settling = new Deadlines(this.#options.doubtMs, options.clock, (userId) => this.#settle(userId));
    this.#first = this.#turn = this.#renew();
  }

  watch(watcher: PresenceWatcher): void {
    this.#watcher = watcher;
  }

  told(userId: string, isThere: boolean): void {
    this.#told.set(userId, isThere);
  }

  async enter(userId: string): Promise<boolean> {
    this.#people.add(userId);
    const wasNotTold = this.#left.delete(userId);
    this.#settling.delete(userId);
    const elsewhere = await this.#entering.add(userId);
    if (elsewhere === null && this.#people.has(userId)) this.#cameAlone.add(userId);
    return elsewhere !== true && !wasNotTold;
  }

  async leave(userId: string, seenAt: number): Promise<boolean> {
    this.#people.delete(userId);
    this.#cameAlone.delete(userId);
    const elsewhere = await this.#leaving.add(userId);
    if (elsewhere === true) return false;
    if (elsewhere === false && !this.#hasDoubt) return true;
    this.#left.set(userId, seenAt);
    this.#settling.set(userId);
    return false;
  }

  async present(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const elsewhere = await Promise.all(
      userIds.map(async (userId) => this.#people.has(userId) || this.#looking.add(userId)),
    );
    return new Set(userIds.filter((_, index) => elsewhere[index] === true));
  }

  async setTyping(userId: string, conversationId: string, until: number): Promise<void> {
    this.#typing.set(userId, conversationId, until);
    await this.#type(userId, conversationId, until - this.#options.clock.now());
  }

  async clearTyping(userId: string, conversationId: string): Promise<void> {
    this.#typing.clear(userId, conversationId);
    await this.#type(userId, conversationId, 0);
  }

  async typing(userIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = await this.#tryRedis(() => this.#scripts.typing(userIds));
    if (found === null) return this.#typing.of(userIds);
    return new Map(
      userIds.flatMap((userId, index) => {
        const theirs = found[index] ?? [];
        return theirs.length === 0 ? [] : [[userId, theirs] as const];
      }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#settling.clear();
    await this.#turn;
    await this.#burial.close();
    if (this.#isAway !== false) return;
    try {
      await this.#scripts.retire(this.#options.graceMs);
    } catch (err) {
      this.#options.log.warn({ err }, 'Redis could not be told that this node ends: it will pass for dead');
    }
  }

  // --- asking Redis ------------------------------------------------------------------------------------------------------

  /** Who of them is elsewhere; null where that can't be known. */
  async #attend(
    what: 'enter' | 'leave' | 'look',
    userIds: readonly string[],
  ): Promise<readonly (boolean | null)[]> {
    const answer = await this.#tryRedis(() => this.#scripts.attend(what, userIds));
    if (answer === null) return userIds.map(() => null);
    if (!answer.isKnown) this.#lost();
    return answer.elsewhere;
  }

  async #type(userId: string, conversationId: string, forMs: number): Promise<void> {
    await this.#tryRedis(() => this.#scripts.type(userId, conversationId, forMs));
  }

  /** Null while Redis is away. */
  async #tryRedis<T>(work: () => Promise<T>): Promise<T | null> {
    await this.#first;
    if (this.#isAway !== false || this.#closed) return null;
    try {
      return await work();
    } catch (err) {
      this.#away(err);
      return null;
    }
  }

  #away(err: unknown): void {
    this.#steadySince = Infinity;
    this.#hasDoubt = true;
    if (this.#isAway === true || this.#closed) return;
    this.#isAway = true;
    this.#options.log.warn({ err }, 'Redis does not answer: who is present is what this node knows itself');
    this.#renewSoon();
  }

  /** Redis is there, and has forgotten. */
  #lost(): void {
    if (this.#hasDoubt) return;
    this.#doubt();
    this.#renewSoon();
  }

  #doubt(): void {
    this.#steadySince = performance.now();
    this.#hasDoubt = true;
  }

  // --- the lease ---------------------------------------------------------------------------------------------------------

  #renewSoon(): void {
    const { renewEveryMs } = this.#options;
    this.#schedule(this.#isAway === true ? renewEveryMs / 4 : 0);
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#turn = this.#turn.then(() => this.#renew());
    }, ms).unref();
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    if (this.#closed) return;
    try {
      if (!this.#options.redis.ready) throw new Error('there is no connection to Redis');
      await this.#hold();
    } catch (err) {
      this.#away(err);
    }
    const { renewEveryMs } = this.#options;
    this.#schedule(this.#isAway === true ? renewEveryMs / 4 : renewEveryMs);
  }

  async #hold(): Promise<void> {
    const size = this.#sizeAtRest();
    const { state, count, living, over } = await this.#scripts.renew(this.#options.leaseMs);
    const wasAway = this.#isAway === true;
    const isFirst = this.#isAway === null;
    const isWrong = size !== null && size === this.#sizeAtRest() && size !== count;
    this.#ahead = living.filter((node) => node < this.#options.nodeId).length;
    if (wasAway || state === 'reaped' || (state === 'new' && !isFirst)) this.#doubt();
    if (wasAway || state !== 'known' || isWrong) await this.#write();
    this.#isAway = false;
    if (wasAway) this.#options.log.info({}, 'Redis answers again: presence holds across nodes');
    if (state === 'reaped') this.#back([...this.#people]);
    else if (wasAway) this.#back([...this.#cameAlone].filter((userId) => this.#people.has(userId)));
    if (wasAway) this.#cameAlone.clear();
    this.#look(over);
  }

  /** How many people this node has; null while some come or go, and Redis may be behind. */
  #sizeAtRest(): number | null {
    return this.#entering.isIdle && this.#leaving.isIdle ? this.#people.size : null;
  }

  /** Makes Redis know whom this node has. */
  async #write(): Promise<void> {
    const there = new Set(await this.#scripts.members());
    // What comes or goes from here on is sent after this.
    const missing = [...this.#people].filter((userId) => !there.has(userId));
    const extra = [...there].filter((userId) => !this.#people.has(userId));
    await Promise.all([
      ...inBatches(missing).map((userIds) => this.#scripts.attend('enter', userIds)),
      ...inBatches(extra).map((userIds) => this.#scripts.attend('leave', userIds)),
    ]);
  }

  // --- who is gone -------------------------------------------------------------------------------------------------------

  /** Once nothing has been wrong for long enough. */
  #look(over: readonly string[]): void {
    const steadyMs = performance.now() - this.#steadySince;
    const wasDoubt = this.#hasDoubt;
    if (steadyMs >= this.#options.doubtMs) this.#hasDoubt = false;
    if (!this.#hasDoubt) this.#run(() => this.#lookAfter(wasDoubt));
    // Whoever was away as long as this node has told its lease by then.
    if (steadyMs >= this.#options.leaseMs) this.#burial.begin(over);
  }

  /** Looks twice: word of a departure may be on its way; and one node is to speak for all who miss the same people. */
  async #lookAfter(all: boolean): Promise<void> {
    const missing = await this.#missing(this.#told.next(all));
    if (all) await this.#correct();
    if (missing.length === 0) return;
    const seenAt = this.#options.clock.now();
    const turnMs = this.#options.renewEveryMs / 6;
    await sleep(turnMs * (1 + Math.min(this.#ahead, mostAhead)), undefined, { ref: false });
    const gone = await this.#missing(missing.filter((userId) => this.#told.has(userId)));
    // Either look may have found nothing to ask.
    if (this.#hasDoubt || this.#closed || gone.length === 0) return;
    await this.#watcher?.gone(gone, seenAt);
    for (const userId of gone) this.#told.set(userId, false);
  }

  async #missing(userIds: readonly string[]): Promise<string[]> {
    const present = await this.present(userIds);
    return userIds.filter((userId) => !present.has(userId));
  }

  /** Who was said to be gone while only this node was asked, and is elsewhere. */
  async #correct(): Promise<void> {
    const presumed = [...this.#goneAlone];
    this.#goneAlone.clear();
    if (presumed.length > 0) this.#back([...(await this.present(presumed))]);
  }

  #settle(userId: string): void {
    const seenAt = this.#left.get(userId);
    if (!this.#left.delete(userId) || seenAt === undefined) return;
    this.#run(async () => {
      const elsewhere = await this.#looking.add(userId);
      if (elsewhere === true || this.#people.has(userId)) return;
      if (elsewhere === null) this.#goneAlone.add(userId);
      await this.#watcher?.gone([userId], seenAt);
    });
  }

  #back(userIds: readonly string[]): void {
    if (userIds.length > 0) this.#run(async () => this.#watcher?.back(userIds));
  }

  #run(work: () => Promise<unknown>): void {
    work().catch((err: unknown) => {
      this.#options.log.warn({ err }, 'a change of presence could not be told');
    });
  }
}

function inBatches(userIds: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let index = 0; index < userIds.length; index += batch)
    batches.push(userIds.slice(index, index + batch));
  return batches;
}
