import { limits } from '@parley/protocol';
import type { Bus, BusEvent, ChangeStore, Clock, ConversationStore } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import { entrants, isChange, participantCountOf, putsOut, type Change } from './change.ts';
import { Channel, Member } from './channel.ts';
import { Departures } from './departures.ts';
import { Fanout } from './fanout.ts';
import { withOneMore } from './few.ts';
import { Follows } from './follows.ts';
import type { Listener, Log, Prepare } from './listener.ts';
import { passOn } from './pass-on.ts';
import { RecentChanges, type Mark } from './recent.ts';
import { Recovery, type RecoveryMeter } from './recovery.ts';
import { Sequence } from './sequence.ts';

export interface HubMeter extends RecoveryMeter {
  /** A hole in the versions of a conversation was given up: the store does not have it either. */
  gap(): void;
}

export interface HubDeps {
  readonly bus: Bus;
  readonly conversations: Pick<ConversationStore, 'subscriptions' | 'readMany'>;
  /** Where what the bus lost is read. */
  readonly changes: ChangeStore;
  /** Told of a person's first and last connection to this node. Neither throws nor waits. */
  readonly presence: {
    /** `conversationIds`: where others hear of their status. */
    connected(userId: string, conversationIds: readonly string[]): void;
    disconnected(userId: string): void;
  };
  readonly prepare: Prepare;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: HubMeter;
  /** Milliseconds from a message's `created_at` to its being queued for this node's listeners. */
  readonly onDelivery?: (ms: number) => void;
}

type Subscriptions = Awaited<ReturnType<ConversationStore['subscriptions']>>;

const sweepMs = 500;
/** Milliseconds by which an event may be older than the moment at which it opens a conversation here. */
const lateMs = 5000;
/** Times that somebody's conversations are loaded when too much happened meanwhile to be kept. */
const maxLoads = 3;

/**
 * Who listens on this node, and to what. It gives each event of the bus to those whom it concerns: a conversation's
 * changes in the order of their versions, each once, to people for as long as they are in it.
 *
 * Membership follows from the changes themselves: an entrance is carried out before its frame is delivered, a removal
 * after. What is loaded from the store is where to begin: what arrived since is applied on top of it. The bus may lose
 * events: what is missing is read from the store (`Recovery`).
 */
export class Hub {
  readonly #deps: HubDeps;
  readonly #members = new Map<string, Member>();
  readonly #channels = new Map<string, Channel>();
  readonly #recent: RecentChanges;
  /** Removals that arrived. */
  readonly #departures: Departures;
  /** Those of them that put somebody here out. */
  readonly #carriedOut: Departures;
  readonly #sequence: Sequence;
  readonly #follows: Follows;
  readonly #recovery: Recovery;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: HubDeps) {
    this.#deps = deps;
    this.#recent = new RecentChanges(deps.clock);
    this.#departures = new Departures(deps.clock);
    this.#carriedOut = new Departures(deps.clock);
    this.#sequence = new Sequence({
      recent: this.#recent,
      apply: (channel, change) => this.#apply(channel, change),
      replay: (channel, member, change) => this.#replay(channel, member, change),
      admitLate: (channel, change) => this.#admit(channel, change, change.frame.version - 1),
      mend: (channel) => this.#recovery.want(channel.id),
      log: deps.log,
      onGap: () => deps.meter.gap(),
    });
    this.#follows = new Follows(deps.bus);
    this.#recovery = new Recovery({
      ...deps,
      members: this.#members,
      channels: this.#channels,
      departures: this.#departures,
      carriedOut: this.#carriedOut,
      sequence: this.#sequence,
      tell: (event) => passOn(event, this.#members, this.#channels, deps.prepare),
      open: (id, version, participantCount) => this.#open(id, version, participantCount),
      place: (member, { id, version, participantCount }) =>
        this.#place(member, id, version, participantCount),
      closeIfEmpty: (channel) => this.#closeIfEmpty(channel),
      replay: (channel, member, change) => this.#replay(channel, member, change),
      putOut: (channel, member, version) => {
        this.#tellLeft(channel, member);
        this.#putOut(channel, member, version);
      },
    });
    this.#unsubscribe = deps.bus.subscribe((event) => this.#receive(event));
    this.#timer = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  /** People and conversations that are listened for. */
  get size(): { readonly members: number; readonly channels: number } {
    return { members: this.#members.size, channels: this.#channels.size };
  }

  /**
   * Begins to deliver to a connection, and answers the catch-up cursor of a moment from which on it receives
   * everything. What it is given before this resolves comes after that moment.
   */
  async attach(listener: Listener): Promise<string> {
    const member = this.#members.get(listener.userId) ?? this.#welcome(listener.userId);
    member.listeners = withOneMore(member.listeners, listener);
    try {
      const starting = this.#recovery.begin();
      if (starting !== null) await starting;
      if (member.live) return await this.#load(member);
      member.loading ??= this.#load(member).finally(() => (member.loading = null));
      return await member.loading;
    } catch (error) {
      this.detach(listener);
      throw error;
    }
  }

  /** Ends what `attach` began, at whatever point it is. */
  detach(listener: Listener): void {
    const member = this.#members.get(listener.userId);
    const index = member?.listeners.indexOf(listener) ?? -1;
    if (member === undefined || index < 0) return;
    member.listeners = member.listeners.toSpliced(index, 1);
    for (const conversationId of listener.joined ?? []) this.#channels.get(conversationId)?.unjoin(listener);
    listener.joined = null;
    if (member.listeners.length > 0) return;
    this.#members.delete(member.userId);
    this.#follows.release({ kind: 'user', id: member.userId });
    // A copy: leaving takes out of `channels`.
    for (const channel of member.channels.slice()) this.#leave(channel, member);
    if (member.live) this.#deps.presence.disconnected(member.userId);
  }

  /** Delivers a conversation's typing and status, too. Whether they may is for the caller to know. */
  join(listener: Listener, conversationId: string): void {
    const member = this.#members.get(listener.userId);
    if (member?.listeners.includes(listener) !== true) return;
    (listener.joined ??= new Set()).add(conversationId);
    const channel = this.#channels.get(conversationId);
    // Else their entrance is on its way here, and joins them.
    if (channel?.has(member) === true) channel.join(listener);
  }

  leave(listener: Listener, conversationId: string): void {
    listener.joined?.delete(conversationId);
    if (listener.joined?.size === 0) listener.joined = null;
    this.#channels.get(conversationId)?.unjoin(listener);
  }

  /** How many people a conversation has that somebody here is in; 0 of another. */
  participantCount(conversationId: string): number {
    return this.#channels.get(conversationId)?.participantCount ?? 0;
  }

  /** Looks at once for what no event told of: a write may be done whose answer was lost. Neither throws nor waits. */
  suspect(): void {
    this.#recovery.suspect();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#recovery.close();
    this.#unsubscribe();
  }

  // --- whose conversations are which ----------------------------------------------------------------------------------

  #welcome(userId: string): Member {
    const member = new Member(userId);
    this.#members.set(userId, member);
    this.#follows.follow({ kind: 'user', id: userId });
    return member;
  }

  async #load(member: Member): Promise<string> {
    for (let attempt = 0; attempt < maxLoads; attempt++) {
      const mark = this.#recent.mark();
      const began = this.#deps.clock.now();
      try {
        const subscriptions = await this.#deps.conversations.subscriptions(member.userId);
        // What changed since it was read is followed only from now on.
        this.#recovery.noteOpened(began);
        if (this.#settle(member, subscriptions, mark)) return subscriptions.cursor;
      } finally {
        this.#recent.release(mark);
      }
    }
    throw new Refusal('unavailable');
  }

  /**
   * Puts somebody where the store says they are, and applies what arrived since `mark`, which was before that was read:
   * every change after the read version is among it, or yet to come. False if it was not all kept.
   */
  #settle(member: Member, { conversations }: Subscriptions, mark: Mark): boolean {
    const since = this.#recent.since(mark);
    if (since === null) return false;
    if (this.#members.get(member.userId) !== member) return true;
    // Who is live follows the changes: what is new to them here is on its way, and their other connections wait for it.
    if (member.live) {
      this.#recovery.noteSeen(member, conversations);
      return true;
    }
    member.live = true;
    for (const { id, version, participantCount } of conversations)
      this.#place(member, id, version, participantCount);
    for (const change of since) {
      const { conversation_id: id, version } = change.frame;
      if (this.#newcomers(change).includes(member)) this.#place(member, id, version - 1, 0);
    }
    // Without the room to grow that it was given on the way.
    member.channels = member.channels.slice();
    this.#deps.presence.connected(member.userId, statusAudience(member));
    return true;
  }

  #place(member: Member, conversationId: string, version: number, participantCount: number): void {
    const present = this.#channels.get(conversationId);
    if (present?.has(member) === true) return;
    const channel = present ?? this.#open(conversationId, version, participantCount);
    channel.enter(member, version);
    if (present === undefined) this.#takeRecent(channel);
    else this.#sequence.catchUp(channel, member);
    this.#closeIfEmpty(channel);
  }

  #open(id: string, version: number, participantCount: number): Channel {
    const channel = new Channel(id, version, participantCount);
    this.#channels.set(id, channel);
    this.#follows.follow({ kind: 'conversation', id });
    this.#recovery.noteOpened(this.#deps.clock.now() - lateMs);
    return channel;
  }

  /** What arrived while nobody listened to this conversation, from where it begins. */
  #takeRecent(channel: Channel): void {
    for (const change of this.#recent.of(channel.id, channel.position)) this.#sequence.take(channel, change);
  }

  #closeIfEmpty(channel: Channel): void {
    if (!channel.isEmpty || this.#channels.get(channel.id) !== channel) return;
    this.#channels.delete(channel.id);
    this.#follows.release({ kind: 'conversation', id: channel.id });
    const held = [...(channel.held?.values() ?? [])].sort((a, b) => a.frame.version - b.frame.version);
    channel.held = null;
    // Among what waited may be the entrance of somebody who has nobody else to wait for.
    for (const change of held) this.#route(change);
  }

  #leave(channel: Channel, member: Member): void {
    channel.leave(member);
    this.#closeIfEmpty(channel);
  }

  // --- changes --------------------------------------------------------------------------------------------------------

  #receive(event: BusEvent): void {
    this.#recovery.note(event);
    if (isChange(event)) this.#receiveChange(event);
    else passOn(event, this.#members, this.#channels, this.#deps.prepare);
  }

  #receiveChange(change: Change): void {
    this.#recent.add(change);
    this.#departures.note(change);
    this.#route(change);
  }

  #route(change: Change): void {
    const { conversation_id: id, version } = change.frame;
    const present = this.#channels.get(id);
    if (present === undefined && this.#newcomers(change).length === 0) return;
    const channel = present ?? this.#open(id, version - 1, 0);
    if (present === undefined) this.#takeRecent(channel);
    else this.#sequence.take(channel, change);
    this.#closeIfEmpty(channel);
  }

  /** Those here whom a change puts in, unless they are out again since. */
  #newcomers(change: Change): Member[] {
    return entrants(change).flatMap((userId) => {
      const member = this.#members.get(userId);
      return member?.live === true && !this.#isOutSince(change, userId) ? [member] : [];
    });
  }

  /** A later removal that is still kept, and was not carried out, follows the entrance in its turn; another would not. */
  #isOutSince({ frame: { conversation_id: id, version } }: Change, userId: string): boolean {
    if (this.#carriedOut.isAfter(version, id, userId)) return true;
    if (!this.#departures.isAfter(version, id, userId)) return false;
    return !this.#recent.of(id, version).some(({ frame }) => putsOut(frame, userId));
  }

  #admit(channel: Channel, change: Change, position: number): void {
    for (const member of this.#newcomers(change)) if (!channel.has(member)) channel.enter(member, position);
  }

  #apply(channel: Channel, change: Change): void {
    const { frame } = change;
    this.#recovery.noteShown(change, false);
    this.#admit(channel, change, channel.position);
    // Zero: whoever announced it could not read it any more.
    channel.participantCount = participantCountOf(frame) || channel.participantCount;
    const leavers = this.#leavers(channel, change);
    if (frame.type === 'participant_removed') for (const member of leavers) this.#tellLeft(channel, member);
    const fanout = new Fanout(change, this.#deps.prepare);
    for (const member of channel.members)
      if (change.hiddenFrom?.has(member.userId) !== true) fanout.ofChannel(channel, member);
    for (const member of leavers) this.#putOut(channel, member, frame.version);
    if (frame.type === 'new_message' && fanout.wasNeeded) {
      const ms = this.#deps.clock.now() - Date.parse(frame.message.created_at);
      this.#deps.onDelivery?.(Math.max(0, ms));
    }
  }

  #replay(channel: Channel, member: Member, change: Change): void {
    const out = putsOut(change.frame, member.userId);
    if (out && change.frame.type === 'participant_removed') this.#tellLeft(channel, member);
    if (change.hiddenFrom?.has(member.userId) !== true) {
      this.#recovery.noteShown(change, true);
      new Fanout(change, this.#deps.prepare).ofChannel(channel, member);
    }
    if (out) this.#putOut(channel, member, change.frame.version);
  }

  #putOut(channel: Channel, member: Member, version: number): void {
    this.#carriedOut.add(version, channel.id, member.userId);
    for (const listener of member.listeners) this.leave(listener, channel.id);
    channel.leave(member);
  }

  /** Those whom a change puts out now: who is ahead came back after it, who is behind will get there. */
  #leavers({ members }: Channel, { frame }: Change): Member[] {
    if (frame.type === 'conversation_deleted') return [...members];
    const member = frame.type === 'participant_removed' ? this.#members.get(frame.user_id) : undefined;
    return member !== undefined && members.has(member) ? [member] : [];
  }

  /** Before the removal itself, which is the last that somebody hears of a conversation. */
  #tellLeft(channel: Channel, member: Member): void {
    for (const listener of member.listeners) {
      if (listener.joined?.has(channel.id) !== true) continue;
      this.leave(listener, channel.id);
      listener.deliver(this.#deps.prepare({ type: 'left_conversation', conversation_id: channel.id }));
    }
  }

  #sweep(): void {
    this.#follows.sweep();
    for (const channel of this.#sequence.sweep()) this.#closeIfEmpty(channel);
    this.#recent.trim();
  }
}

/** The conversations in which others hear of somebody's status. */
const statusAudience = (member: Member): string[] =>
  member.channels.flatMap(({ id, participantCount }) =>
    participantCount <= limits.receiptAudience ? [id] : [],
  );
