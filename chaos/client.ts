import { setTimeout as delay } from 'node:timers/promises';
import {
  Replica,
  type Conversation,
  type ConversationList,
  type MessageList,
  type ParticipantList,
  type ServerFrame,
  type SyncAnswer,
  type UserStatus,
} from '@parley/protocol';
import { frameProblem } from '../packages/server/test/support/frames.ts';
import type { PlannedClient } from './plan.ts';
import { randomOf, type Random } from './random.ts';
import { addVersion, type ClientReport, type Ranges, type ReturnRecord } from './records.ts';
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
const mostComplaints = 20;
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
  #pause = firstPauseMs;
  #connections = 0;
  #frames = 0;
  #deliveries = 0;
  #avoid = -1;
  readonly #returns: ReturnRecord[] = [];
  readonly #received = new Map<string, Ranges>();
  readonly #disorder: string[] = [];
  readonly #undeclared: string[] = [];
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

  get deliveries(): number {
    return this.#deliveries;
  }

  connect(): void {
    this.#wanted = true;
    if (this.session === null) this.#dial();
  }

  /** Goes away on purpose. */
  disconnect(how: 'closes' | 'vanishes'): void {
    this.#wanted = false;
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
      frames: this.#frames,
      deliveries: this.#deliveries,
      sends: this.journal.sends,
      changes: this.journal.changes,
      reads: this.journal.reads,
      returns: this.#returns,
      received: Object.fromEntries(this.#received),
      disorder: this.#disorder,
      undeclared: this.#undeclared,
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
    this.#frames++;
    const problem = frameProblem(frame);
    if (problem !== null) complain(this.#undeclared, problem);
    if ('version' in frame) this.#noteVersion(session, frame.conversation_id, frame.version, frame.type);
    this.#queue.push({ session, frame });
    void this.#work();
  }

  #noteVersion(session: Session, conversationId: string, version: number, type: string): void {
    this.#deliveries++;
    const last = session.versions.get(conversationId) ?? -1;
    session.versions.set(conversationId, Math.max(last, version));
    if (version <= last)
      complain(
        this.#disorder,
        `${this.userId}: ${type} ${conversationId} version ${version} came after ${last}`,
      );
    const ranges = this.#received.get(conversationId) ?? [];
    this.#received.set(conversationId, ranges);
    addVersion(ranges, version);
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
    for (const id of this.replica.apply(frame)) await this.readAnew(id);
  }

  /** The first connection reads everything after its cursor; every other one resumes from where we stood. */
  async #begin(session: Session, cursor: string): Promise<void> {
    this.#held = [];
    if (this.#cursor !== null) return this.resume(session);
    await this.#readEverything();
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
      if (!this.rooms.all.has(id)) await this.#learn(id);
    if (answer.reset) await this.#readEverything();
    else for (const id of stale) await this.readAnew(id);
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

  async #learn(id: string): Promise<void> {
    const { status, body } = await this.rest.get<Conversation>(`/api/conversations/${id}`);
    if (status === 200) this.rooms.put(body);
  }

  async #readEverything(): Promise<void> {
    for (const archived of [false, true]) {
      let cursor: string | null = null;
      do {
        const onward: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const { body } = await this.rest.get<ConversationList>(
          `/api/conversations?limit=100&archived=${archived}${onward}`,
        );
        for (const { id } of body.conversations) await this.readAnew(id);
        cursor = body.next_cursor;
      } while (cursor !== null);
    }
  }

  /** One conversation with all its people and messages. If we are no longer in it, an event will say so. */
  async readAnew(id: string): Promise<void> {
    const path = `/api/conversations/${id}`;
    const { status, body } = await this.rest.get<Conversation>(path);
    if (status !== 200) return;
    this.rooms.put(body);
    this.replica.putConversation(body);
    if (body.participant_count > body.participants.length)
      await this.#pages<ParticipantList>(`${path}/participants`, ({ participants }) =>
        this.replica.putParticipants(id, participants),
      );
    await this.#pages<MessageList>(`${path}/messages`, ({ messages }) => {
      this.replica.putMessages(id, messages);
      for (const message of messages.slice(0, 30).toReversed()) this.rooms.noteMessage(message);
    });
  }

  async #pages<L extends { next_cursor: string | null }>(
    path: string,
    put: (list: L) => void,
  ): Promise<void> {
    let cursor: string | null = null;
    do {
      const onward: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { status, body } = await this.rest.get<L>(`${path}?limit=100${onward}`);
      if (status !== 200) return;
      put(body);
      cursor = body.next_cursor;
    } while (cursor !== null);
  }

  /** Away for a while, as a phone in a pocket. */
  async background(ms: number, how: 'closes' | 'vanishes'): Promise<void> {
    if (!this.#wanted) return;
    this.disconnect(how);
    this.#held = [];
    await delay(ms);
    this.connect();
  }
}

function complain(list: string[], what: string): void {
  if (list.length < mostComplaints) list.push(what);
}
