import type { Bus, BusEvent, ChangeStore, Clock, Horizon, MovedWatermarks } from '../messaging/ports.ts';
import type { Change } from './change.ts';
import { HeardProfiles } from './heard-profiles.ts';
import { HeardWatermarks } from './heard-watermarks.ts';
import { Horizons } from './horizons.ts';
import type { Log } from './listener.ts';

export interface Joined {
  readonly conversationId: string;
  readonly userId: string;
  readonly version: number;
}

/** A conversation of which something did not arrive; `entrance` is where somebody came who is not in it here. */
export interface Missing {
  readonly conversationId: string;
  readonly entrance: number | null;
}

export interface RepairDeps {
  readonly bus: Pick<Bus, 'onUncertain'>;
  readonly changes: Pick<ChangeStore, 'changedSince' | 'receiptsSince' | 'receiptsOf' | 'profilesSince'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onReceipts: (count: number) => void;
  /** Who listens here. */
  readonly hub: {
    isIdle(): boolean;
    positionOf(conversationId: string): number | null;
    lacks(joined: Joined): boolean;
    /** Who is here of a conversation too large for everybody's receipts; nobody of another. */
    peopleOfLarge(conversationId: string): readonly string[];
    expect(conversationId: string, version: number): void;
    /** True once all is made good; false if the store is away. */
    mend(missing: readonly Missing[]): Promise<boolean>;
    tell(event: BusEvent): void;
    /** A time after which all changes of what was opened since the last call are to be looked for; else infinite. */
    takeOpenedSince(): number;
    /** People of whom only another connection's reading says that they are in a conversation. */
    hasUnplaced(): boolean;
    placeUnplaced(): void;
  };
}

/** Milliseconds between two passes, give or take a fifth, and between two that are asked for. */
const intervalMs = 3000;
const urgentMs = 250;
/** A pass may take this part of the time at most, and this one if it is asked for: a slow store is not made slower. */
const share = 1 / 20;
const urgentShare = 1 / 4;
/** Milliseconds for which an event may be under way after its commit could be read. */
const inFlightMs = 250;
/** Milliseconds by which a time that another part noted may be late. */
const marginMs = 1000;
/** Milliseconds that a name, read while a conversation was changed, may be older than the event that tells it. */
const renamedMs = 10_000;
/** Conversations whose receipts are asked for at once. */
const receiptBatch = 500;

/**
 * Looks for changes of which no event told: every few seconds, and at once when something went wrong. Each pass reads
 * what changed since the last one that was whole, so that whatever was committed is seen by one: after a pause of this
 * process, too, and when other nodes died between a commit and its announcement.
 */
export class Repair {
  readonly #deps: RepairDeps;
  readonly #horizons = new Horizons();
  readonly #heard = new HeardWatermarks();
  readonly #heardProfiles = new HeardProfiles();
  readonly #unsubscribe: () => void;
  /** Everything that changed before this time has been looked for. */
  #wholeUntil = 0;
  #starting: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isRunning = false;
  #isUrgent = false;
  /** Of `performance.now()`: the time of day may be set back. */
  #endedAt = -Infinity;
  #tookMs = 0;
  #isFailing = false;
  #closed = false;

  constructor(deps: RepairDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.bus.onUncertain((since) => this.suspect(since));
  }

  /**
   * To be called when somebody connects, before anything is read for them. Null if it is at work already; else it is once
   * this resolves. Rejects if the store is away.
   */
  begin(): Promise<void> | null {
    if (!this.#horizons.isEmpty) return null;
    this.#starting ??= this.#start().finally(() => (this.#starting = null));
    return this.#starting;
  }

  /** Looks at once; back to before `since`, if given (milliseconds since 1970). */
  suspect(since = Infinity): void {
    this.#wholeUntil = Math.min(this.#wholeUntil, since - marginMs);
    this.#isUrgent = true;
    if (!this.#isRunning && !this.#horizons.isEmpty) this.#schedule();
  }

  /** Takes note of an event that arrives by itself. */
  note(event: BusEvent): void {
    this.#heard.note(event);
    this.#heardProfiles.note(event);
  }

  /** Takes note of a change as it is shown: to everybody here who is in its conversation, or to one who was behind. */
  noteShown(change: Change, isForOne: boolean): void {
    if (this.#heardProfiles.noteShown(change, isForOne)) this.suspect(this.#deps.clock.now() - renamedMs);
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #start(): Promise<void> {
    const { horizon } = await this.#deps.changes.changedSince(null);
    this.#wholeUntil = this.#deps.clock.now();
    this.#horizons.add(this.#wholeUntil, horizon);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#closed) return;
    const pause = this.#isUrgent
      ? Math.max(urgentMs, this.#tookMs / urgentShare)
      : Math.max(intervalMs, this.#tookMs / share) * (0.8 + Math.random() * 0.4);
    const since = performance.now() - this.#endedAt;
    this.#timer = setTimeout(
      () => void this.#run(),
      this.#isUrgent ? Math.max(pause - since, 0) : pause,
    ).unref();
  }

  async #run(): Promise<void> {
    if (this.#deps.hub.isIdle()) return this.#horizons.clear();
    this.#isRunning = true;
    this.#isUrgent = false;
    const began = performance.now();
    try {
      const waited = await this.#pass();
      this.#tookMs = performance.now() - began - waited;
      if (this.#isFailing) this.#deps.log.info({}, 'changes that no event told of can be looked for again');
      this.#isFailing = false;
    } catch (err) {
      // What it reads from is ended with it.
      if (!this.#isFailing && !this.#closed)
        this.#deps.log.warn({ err }, 'changes that no event told of cannot be looked for');
      this.#isFailing = true;
    }
    this.#isRunning = false;
    this.#endedAt = performance.now();
    this.#schedule();
  }

  /** Answers for how many milliseconds it waited for nothing but time. */
  async #pass(): Promise<number> {
    const { hub, changes, clock } = this.#deps;
    this.#wholeUntil = Math.min(this.#wholeUntil, hub.takeOpenedSince());
    const from = this.#wholeUntil;
    const since = this.#horizons.before(from);
    if (since === null) return 0;
    const { horizon, conversations, joined } = await changes.changedSince(since);
    const readAt = clock.now();
    const isFollowed = ({ id }: { id: string }): boolean => hub.positionOf(id) !== null;
    let waited = 0;
    if (hub.hasUnplaced() || conversations.some(isFollowed) || joined.some((each) => hub.lacks(each))) {
      await new Promise((resolve) => setTimeout(resolve, inFlightMs).unref());
      waited = inFlightMs;
      await this.#admit(joined);
      hub.placeUnplaced();
      const followed = conversations.filter(isFollowed);
      await this.#mend(followed);
      await this.#tellReceipts(
        since,
        followed.map(({ id }) => id),
      );
    }
    if (conversations.length > 0) await this.#tellProfiles(since, waited > 0);
    this.#horizons.add(readAt, horizon);
    // Unless something came up meanwhile that is to be looked for further back.
    if (this.#wholeUntil === from) this.#wholeUntil = Math.max(readAt, from);
    return waited;
  }

  async #admit(joined: readonly Joined[]): Promise<void> {
    const { hub } = this.#deps;
    await this.#fetch(
      joined
        .filter((each) => hub.lacks(each))
        .map(({ conversationId, version }) => ({ conversationId, entrance: version })),
    );
  }

  async #mend(followed: readonly { readonly id: string; readonly version: number }[]): Promise<void> {
    const { hub } = this.#deps;
    const missing: Missing[] = [];
    for (const { id, version } of followed) {
      const position = hub.positionOf(id);
      if (position === null || position >= version) continue;
      hub.expect(id, version);
      missing.push({ conversationId: id, entrance: null });
    }
    await this.#fetch(missing);
  }

  async #fetch(missing: readonly Missing[]): Promise<void> {
    if (missing.length > 0 && !(await this.#deps.hub.mend(missing)))
      throw new Error('changes that no event told of could not be read');
  }

  async #tellReceipts(since: Horizon, conversationIds: readonly string[]): Promise<void> {
    for (let start = 0; start < conversationIds.length; start += receiptBatch) {
      const batch = conversationIds.slice(start, start + receiptBatch);
      for (const moved of await this.#deps.changes.receiptsSince(since, batch))
        this.#tell(moved, { kind: 'conversation', conversationId: moved.conversationId });
    }
    const people = conversationIds.flatMap((conversationId) =>
      this.#deps.hub.peopleOfLarge(conversationId).map((userId) => ({ conversationId, userId })),
    );
    for (let start = 0; start < people.length; start += receiptBatch) {
      const batch = people.slice(start, start + receiptBatch);
      for (const moved of await this.#deps.changes.receiptsOf(since, batch))
        this.#tell(moved, { kind: 'users', userIds: [moved.user_id] });
    }
  }

  /**
   * A new name is in the activity of its conversations, too: where there is none nobody has one. Whom it concerns nobody
   * here is noted as well, as a conversation that is opened a little later may still name them as before.
   */
  async #tellProfiles(since: Horizon, hasWaited: boolean): Promise<void> {
    const { hub, changes } = this.#deps;
    for (const { conversationIds, ...profile } of await changes.profilesSince(since)) {
      const followed = conversationIds.filter((id) => hub.positionOf(id) !== null);
      // It came up after `changedSince`, and its event may be under way: it is found the next time.
      if (followed.length > 0 && !hasWaited) continue;
      const untold = this.#heardProfiles.untold(profile, followed);
      const event: BusEvent = {
        audience: { kind: 'conversations', conversationIds: untold },
        frame: { type: 'user_updated', ...profile },
      };
      this.#heardProfiles.note(event);
      if (untold.length > 0) hub.tell(event);
    }
  }

  #tell(moved: MovedWatermarks, audience: BusEvent['audience']): void {
    const { conversationId, user_id, messageId } = moved;
    const news = this.#heard.news(conversationId, moved);
    const where = { conversation_id: conversationId, user_id };
    const events: BusEvent[] = [];
    if (news.read && messageId !== null)
      events.push({
        audience,
        frame: { type: 'message_read', ...where, message_id: messageId, last_seq: moved.last_read_seq },
      });
    if (news.delivered)
      events.push({
        audience,
        frame: { type: 'message_delivered', ...where, last_seq: moved.last_delivered_seq },
      });
    for (const event of events) {
      this.#heard.note(event);
      this.#deps.hub.tell(event);
    }
    if (events.length > 0) this.#deps.onReceipts(events.length);
  }
}
