import { setTimeout as delay } from 'node:timers/promises';
import { Replica } from '@parley/client/replica';
import type { ServerFrame, SyncAnswer, UserStatus } from '@parley/protocol';
import { complain, Hearing } from './hearing.ts';
import type { PlannedClient } from './plan.ts';
import { randomOf, type Random } from './random.ts';
import { Reads } from './reads.ts';
import type { ClientReport, ReturnRecord } from './records.ts';
import { Rest } from './rest.ts';
import { Rooms } from './rooms.ts';
import { Session } from './session.ts';
import { Journal } from './journal.ts';
import { TokenMaker } from './tokens.ts';

export interface ClientOptions {
  readonly planned: PlannedClient;
  readonly seed: number;
  readonly origins: readonly string[];
  readonly secret: string;
}

const firstPauseMs = 200;
const mostPauseMs = 3000;
const resumeRequest = 'resume';

/**
 * One device, as a good SDK would run it: it keeps a replica of its person's conversations from reads, events and
 * resumes, comes back to another node when its connection is lost, and writes down all it is told.
 */
export class Client {
  readonly planned: PlannedClient;
  readonly rest: Rest;
  readonly rooms = new Rooms();
  readonly journal: Journal;
  readonly replica: Replica;
  readonly tokens: TokenMaker;
  /** What others are shown as, as far as we were told. */
  readonly told = new Map<string, { status: string; at: number }>();
  session: Session | null = null;
  readonly #origins: readonly string[];
  readonly #jitter: Random;
  readonly #queue: { readonly session: Session; readonly frame: ServerFrame }[] = [];
  #working = false;
  /** Events that came while a resume was under way: they stand after it. */
  #held: ServerFrame[] = [];
  /** Where to resume from: everything before it has been applied. Null until the first read is done. */
  #cursor: string | null = null;
  #wanted = false;
  /** How often it went away on purpose. */
  #departures = 0;
  #pause = firstPauseMs;
  #connections = 0;
  #avoid = -1;
  #returns: ReturnRecord[] = [];
  readonly #hearing = new Hearing();
  readonly #reads: Reads;
  readonly #failures: string[] = [];

  constructor({ planned, seed, origins, secret }: ClientOptions) {
    this.planned = planned;
    this.#origins = origins;
    this.#jitter = randomOf(seed, 'jitter', planned.index);
    this.tokens = new TokenMaker(planned.userId, planned.device, secret);
    this.replica = new Replica(planned.userId);
    this.rest = new Rest({
      origins,
      jitter: this.#jitter,
      token: () => this.tokens.current,
      onFailure: (what) => complain(this.#failures, what),
    });
    this.#reads = new Reads(this.rest, this.replica, this.rooms);
    this.journal = new Journal(this, this.#jitter);
  }

  get userId(): string {
    return this.planned.userId;
  }

  /** Connected, caught up, and nothing left to apply. */
  get isWhole(): boolean {
    return (
      this.session?.isOpen === true && !this.session.catchingUp && this.#queue.length === 0 && !this.#working
    );
  }

  /** What keeps it from being settled; null if nothing does. */
  get unfinished(): string | null {
    if (this.#wanted && this.session?.isOpen !== true) return 'is not connected';
    if (this.#wanted && !this.isWhole) return `has not caught up (${this.#queue.length} frames to apply)`;
    return this.journal.underWay > 0 ? `${this.journal.underWay} requests have no answer` : null;
  }

  connect(): void {
    this.#wanted = true;
    if (this.session === null) this.#dial();
  }

  /** Goes away on purpose. */
  disconnect(how: 'closes' | 'vanishes'): void {
    this.#wanted = false;
    this.#departures++;
    // Whoever was on the way back and goes again says nothing of how long that takes.
    this.#returns = this.#returns.filter(({ backAt }) => backAt !== null);
    const { session } = this;
    this.session = null;
    if (how === 'closes') session?.close();
    else session?.vanish();
  }

  /** Asks for the statuses of people we know; what was told meanwhile stands. */
  async askStatuses(): Promise<readonly UserStatus[]> {
    const people = this.rooms.acquaintances(this.userId);
    if (people.length === 0) return [];
    const since = Date.now();
    const query = people.map((userId) => `user_ids=${encodeURIComponent(userId)}`).join('&');
    const { body } = await this.rest.get<{ statuses?: UserStatus[] }>(`/api/users/status?${query}`);
    for (const { user_id: userId, status } of body.statuses ?? []) {
      const known = this.told.get(userId);
      if (known === undefined || known.at < since) this.told.set(userId, { status, at: since });
    }
    return body.statuses ?? [];
  }

  report(): ClientReport {
    return {
      index: this.planned.index,
      userId: this.userId,
      connections: this.#connections,
      frames: this.#hearing.frames,
      deliveries: this.#hearing.deliveries,
      sends: this.journal.sends,
      changes: this.journal.changes,
      reads: this.journal.reads,
      returns: this.#returns,
      received: this.#hearing.received,
      disorder: this.#hearing.disorder,
      undeclared: this.#hearing.undeclared,
      failures: this.#failures,
    };
  }

  // --- the connection -------------------------------------------------------------------------------------------------

  #dial(): void {
    const others = this.#origins.map((_, index) => index).filter((index) => index !== this.#avoid);
    const node = others.length === 0 ? 0 : this.#jitter.pick(others);
    this.#connections++;
    this.session = new Session({
      origin: this.#origins[node] ?? '',
      node,
      token: this.tokens.current,
      onFrame: (session, frame) => this.#receive(session, frame),
      onEnd: (session) => this.#lost(session),
    });
  }

  #lost(session: Session): void {
    if (session !== this.session) return;
    this.session = null;
    this.#avoid = session.node;
    if (!session.catchingUp) this.#returns.push({ node: session.node, lostAt: Date.now(), backAt: null });
    this.#held = [];
    const pause = this.#pause * (0.25 + this.#jitter.next());
    this.#pause = Math.min(this.#pause * 2, mostPauseMs);
    setTimeout(() => {
      if (this.#wanted && this.session === null) this.#dial();
    }, pause);
  }

  #receive(session: Session, frame: ServerFrame): void {
    if (session !== this.session) return;
    this.#hearing.note(session, frame);
    this.#queue.push({ session, frame });
    void this.#work();
  }

  // --- the state ------------------------------------------------------------------------------------------------------

  /** Applies what has come, one after the other: what must be read meanwhile is waited for. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
        await this.#process(next.session, next.frame);
    } catch (error) {
      if (this.#wanted) complain(this.#failures, `the client itself failed: ${String(error)}`);
    } finally {
      this.#working = false;
    }
  }

  async #process(session: Session, frame: ServerFrame): Promise<void> {
    if (frame.type === 'connected') return this.#begin(session, frame.cursor);
    if (frame.type === 'sync') return this.#catchUp(session, frame);
    if (frame.type === 'error' && frame.request_id === resumeRequest) return this.#resumeLater(session);
    if (frame.type === 'user_status_change') {
      this.told.set(frame.user_id, { status: frame.status, at: Date.now() });
      return;
    }
    if (session.catchingUp) this.#held.push(frame);
    else await this.#apply(frame);
  }

  async #apply(frame: ServerFrame): Promise<void> {
    this.rooms.note(frame, this.userId);
    for (const id of this.replica.apply(frame)) await this.#reads.anew(id);
  }

  /** The first connection reads everything after its cursor; every other one resumes from where we stood. */
  async #begin(session: Session, cursor: string): Promise<void> {
    this.#held = [];
    if (this.#cursor !== null) return this.resume(session);
    await this.#reads.everything();
    this.#cursor = cursor;
    // What was lost meanwhile comes with the resume of the next connection.
    if (session === this.session) await this.#whole(session);
  }

  /** Asks for all that changed since where we stand. */
  resume(session: Session): void {
    if (this.#cursor !== null)
      session.send({ type: 'resume', cursor: this.#cursor, request_id: resumeRequest });
  }

  /** The server had no room for a resume. */
  async #resumeLater(session: Session): Promise<void> {
    await delay(200 + 800 * this.#jitter.next());
    if (session === this.session) this.resume(session);
  }

  async #catchUp(session: Session, answer: SyncAnswer): Promise<void> {
    const stale = this.replica.applySync(answer);
    for (const { conversation_id: id } of answer.removed) this.rooms.all.delete(id);
    for (const { conversation_id: id } of answer.conversations)
      if (!this.rooms.all.has(id)) await this.#reads.room(id);
    if (answer.reset) await this.#reads.everything();
    else for (const id of stale) await this.#reads.anew(id);
    this.#cursor = answer.cursor;
    if (!answer.has_more && session === this.session) await this.#whole(session);
  }

  async #whole(session: Session): Promise<void> {
    const held = this.#held;
    this.#held = [];
    for (const frame of held) await this.#apply(frame);
    session.catchingUp = false;
    this.#pause = firstPauseMs;
    for (const each of this.#returns) each.backAt ??= Date.now();
    // Nobody repeats the statuses that changed while we were away.
    this.askStatuses().catch(() => undefined);
  }

  /** Away for a while, as a phone in a pocket. */
  async background(ms: number, how: 'closes' | 'vanishes'): Promise<void> {
    if (!this.#wanted) return;
    this.disconnect(how);
    this.#held = [];
    const departure = this.#departures;
    await delay(ms);
    // Else it was brought back before, and went again: that is not ours to end.
    if (this.#departures === departure) this.connect();
  }
}
