import { limits } from '@parley/protocol';
import type { ChangeStore, BusEvent, ConversationStore, MissedChanges } from '../messaging/ports.ts';
import type { Change } from './change.ts';
import type { Channel, Member } from './channel.ts';
import type { Departures } from './departures.ts';
import { Mender, type Hole } from './mender.ts';
import type { Missed } from './missed.ts';
import { Repair, type Joined, type RepairDeps } from './repair.ts';
import type { Sequence } from './sequence.ts';

export interface RecoveryMeter {
  /** Events that the bus did not bring were made good from the store. */
  repaired(kind: 'change' | 'receipt', count: number): void;
}

/** A conversation as it was read for somebody. */
export interface Seen {
  readonly id: string;
  readonly version: number;
  readonly participantCount: number;
}

export interface RecoveryDeps extends Pick<RepairDeps, 'bus' | 'clock' | 'log'> {
  readonly conversations: Pick<ConversationStore, 'readMany'>;
  readonly changes: ChangeStore;
  readonly meter: RecoveryMeter;
  readonly members: ReadonlyMap<string, Member>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly departures: Departures;
  readonly carriedOut: Departures;
  readonly sequence: Sequence;
  readonly tell: (event: BusEvent) => void;
  readonly open: (conversationId: string, version: number, participantCount: number) => Channel;
  /** Puts somebody where the store said that they are. */
  readonly place: (member: Member, seen: Seen) => void;
  readonly closeIfEmpty: (channel: Channel) => void;
  /** Carries out a change for one person. */
  readonly replay: (channel: Channel, member: Member, change: Change) => void;
  /** Takes somebody out, as of a version, without a word of it but the end of what they joined. */
  readonly putOut: (channel: Channel, member: Member, version: number) => void;
}

/** Makes good what the bus did not bring to those who listen here. */
export class Recovery {
  readonly #deps: RecoveryDeps;
  readonly #mender: Mender;
  readonly #repair: Repair;
  /** Since when changes of what was opened here lately may have been missed. */
  #openedSince = Infinity;
  /** What was read for people who are not in it here, though they are connected: their entrance is on its way, or lost. */
  readonly #seen: { readonly member: Member; readonly seen: Seen }[] = [];

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
    this.#mender = new Mender({
      changes: deps.changes,
      conversations: deps.conversations,
      log: deps.log,
      placeOf: (conversationId, entrance) => this.#placeOf(conversationId, entrance),
      newcomersOf: (missed) => this.#newcomersOf(missed),
      apply: (missed) => this.#apply(missed),
      giveUp: (conversationId, hole) => this.#giveUp(conversationId, hole),
    });
    this.#repair = new Repair({
      bus: deps.bus,
      changes: deps.changes,
      clock: deps.clock,
      log: deps.log,
      onReceipts: (count) => deps.meter.repaired('receipt', count),
      hub: {
        isIdle: () => deps.members.size === 0,
        positionOf: (conversationId) => deps.channels.get(conversationId)?.position ?? null,
        lacks: (joined) => this.#lacks(joined),
        peopleOfLarge: (conversationId) => this.#peopleOfLarge(conversationId),
        expect: (conversationId, version) => this.#expect(conversationId, version),
        mend: (missing) => {
          for (const { conversationId, entrance } of missing) this.want(conversationId, entrance);
          return this.#mender.settle();
        },
        tell: deps.tell,
        takeOpenedSince: () => this.#takeOpenedSince(),
        hasUnplaced: () => this.#seen.length > 0,
        placeUnplaced: () => this.#placeUnplaced(),
      },
    });
  }

  /** As `Repair.begin`. */
  begin(): Promise<void> | null {
    return this.#repair.begin();
  }

  /** As `Repair.suspect`. */
  suspect(): void {
    this.#repair.suspect();
  }

  /** Takes note of an event that arrives by itself. */
  note(event: BusEvent): void {
    this.#repair.note(event);
  }

  /** As `Repair.noteShown`. */
  noteShown(change: Change, isForOne: boolean): void {
    this.#repair.noteShown(change, isForOne);
  }

  /** Something was opened here by what was read or published at a time: what came after it may have been missed. */
  noteOpened(at: number): void {
    this.#openedSince = Math.min(this.#openedSince, at);
  }

  /** A further connection of somebody read where they are. */
  noteSeen(member: Member, conversations: readonly Seen[]): void {
    for (const seen of conversations)
      if (this.#deps.channels.get(seen.id)?.has(member) !== true) this.#seen.push({ member, seen });
  }

  /** Has a conversation looked after in which something is missing. */
  want(conversationId: string, entrance: number | null = null): void {
    this.#mender.want(conversationId, entrance);
  }

  close(): void {
    this.#repair.close();
    this.#mender.close();
  }

  /** Whose entrance still has not come, nor was found: they are out again, and have to hear of that. */
  #placeUnplaced(): void {
    for (const { member, seen } of this.#seen.splice(0)) {
      const isHere = this.#deps.members.get(member.userId) === member;
      const isOut = this.#deps.carriedOut.isAfter(seen.version, seen.id, member.userId);
      if (isHere && !isOut) this.#deps.place(member, seen);
    }
  }

  #peopleOfLarge(conversationId: string): string[] {
    const channel = this.#deps.channels.get(conversationId);
    if (channel === undefined || channel.participantCount <= limits.receiptAudience) return [];
    return [...channel.everybody()].map(({ userId }) => userId);
  }

  #takeOpenedSince(): number {
    const since = this.#openedSince;
    this.#openedSince = Infinity;
    return since;
  }

  #expect(conversationId: string, version: number): void {
    const channel = this.#deps.channels.get(conversationId);
    if (channel !== undefined) this.#deps.sequence.expect(channel, version);
  }

  #placeOf(conversationId: string, entrance: number | null): Hole | null {
    const channel = this.#deps.channels.get(conversationId);
    const upTo = Math.max(channel?.wants ?? 0, entrance ?? 0);
    let version = Math.min(channel?.position ?? Infinity, entrance === null ? Infinity : entrance - 1);
    for (const { position } of channel?.apart?.values() ?? []) version = Math.min(version, position);
    return version < upTo ? { version, upTo } : null;
  }

  /** Whether somebody here came to a conversation in which the hub does not have them. */
  #lacks({ conversationId, userId, version }: Joined): boolean {
    const { members, channels, departures, carriedOut } = this.#deps;
    const member = members.get(userId);
    if (member?.live !== true || channels.get(conversationId)?.has(member) === true) return false;
    return (
      !departures.isAfter(version, conversationId, userId) &&
      !carriedOut.isAfter(version, conversationId, userId)
    );
  }

  /** Those here whom these changes let in and who are not there, or at an earlier place. */
  #newcomersOf({ conversationId, joined }: MissedChanges): string[] {
    const channel = this.#deps.channels.get(conversationId);
    return joined.flatMap(({ userId, version }) => {
      const member = this.#deps.members.get(userId);
      if (member === undefined) return [];
      const position = channel?.placeOf(member) ?? null;
      const isDue = position === null ? this.#lacks({ conversationId, userId, version }) : position < version;
      return isDue ? [userId] : [];
    });
  }

  #apply(missed: Missed): void {
    const { channels, members, meter, sequence } = this.#deps;
    const { conversationId: id, upTo } = missed;
    const present = channels.get(id);
    if (present !== undefined) this.#putOutBefore(present, missed);
    const newcomers = missed.newcomers.filter(({ userId, version }) =>
      this.#lacks({ conversationId: id, userId, version }),
    );
    if (present === undefined && newcomers.length === 0) return;
    const channel = present ?? this.#deps.open(id, upTo, missed.participantCount);
    const from = channel.position;
    for (const { userId, version } of newcomers) {
      const member = members.get(userId);
      // Others enter with the change that lets them in.
      if (member !== undefined && version <= from) channel.enter(member, version - 1);
    }
    const repaired = [...missed.changes.keys()].filter((version) => version > from).length;
    for (const change of missed.changes.values()) this.#repair.note(change);
    sequence.fill(channel, missed);
    if (repaired + newcomers.length > 0) meter.repaired('change', repaired + newcomers.length);
    this.#deps.closeIfEmpty(channel);
  }

  /**
   * Whoever came back among these changes was out before; since when is not kept. They hear nothing of the time between,
   * not even of their leaving: it is their coming that tells them where they are, unless they are out again.
   */
  #putOutBefore(channel: Channel, missed: Missed): void {
    for (const [userId, version] of missed.joined) {
      const member = this.#deps.members.get(userId);
      if (member === undefined) continue;
      this.#deps.carriedOut.add(version - 1, channel.id, userId);
      const position = channel.placeOf(member);
      // At the version before, they wait for nothing but this.
      if (position === null || position >= version - 1) continue;
      const back = missed.changes.get(version)?.frame;
      const isBack = back?.type === 'participant_added' && back.participant.user_id === userId;
      if (isBack) this.#deps.putOut(channel, member, version - 1);
      else
        this.#deps.replay(channel, member, missed.removalOf(userId) ?? removal(missed, userId, version - 1));
    }
  }

  #giveUp(conversationId: string, { upTo }: Hole): void {
    const channel = this.#deps.channels.get(conversationId);
    if (channel === undefined) return;
    this.#deps.sequence.giveUp(channel, upTo);
    this.#deps.closeIfEmpty(channel);
  }
}

/** Of somebody who is out again, at a version that is yet to be read: they were out at this one, too. */
const removal = (missed: Missed, userId: string, version: number): Change => ({
  audience: { kind: 'conversation', conversationId: missed.conversationId },
  frame: {
    type: 'participant_removed',
    conversation_id: missed.conversationId,
    version,
    user_id: userId,
    participant_count: missed.participantCount,
  },
});
