import type { Channel, Member, Place } from './channel.ts';
import { entrants, type Change } from './change.ts';
import type { Log } from './listener.ts';
import type { Missed } from './missed.ts';
import type { RecentChanges } from './recent.ts';

export interface SequenceDeps {
  readonly recent: RecentChanges;
  /** Carries a change out for `channel.members`, its effect on who is in there included. */
  readonly apply: (channel: Channel, change: Change) => void;
  /** Carries out what a change that others have already had means for one person. */
  readonly replay: (channel: Channel, member: Member, change: Change) => void;
  /** Lets those in whom a change puts in and who are not there, as of just before it. */
  readonly admitLate: (channel: Channel, change: Change) => void;
  /** Changes of a conversation did not come by the bus: has them fetched, and `fill` or `giveUp` called. */
  readonly mend: (channel: Channel) => void;
  readonly log: Log;
  /** A hole in a conversation's versions was given up. */
  readonly onGap: () => void;
}

/** Sweeps that find a conversation waiting for the same change before it is fetched. */
const patience = 3;
/** Changes held back in one conversation at most; those beyond are fetched in their turn. */
const maxHeld = 512;

/**
 * Brings the changes of each conversation into the order of their versions, each once.
 *
 * Commits happen in that order but publishing may overtake: what comes too early is held back. What is missing for
 * `patience` sweeps is fetched from where it is kept. They are counted, and not timed, because a process that stood
 * still has not waited: what arrived meanwhile is read between two sweeps.
 */
export class Sequence {
  readonly #deps: SequenceDeps;
  /** Conversations that want something or have somebody behind. */
  readonly #waiting = new Set<Channel>();

  constructor(deps: SequenceDeps) {
    this.#deps = deps;
  }

  /** Takes in a change: now, once those before it have come, or not at all if it was here before. */
  take(channel: Channel, change: Change): void {
    const { version } = change.frame;
    if (version > channel.position + 1) return this.#hold(channel, change);
    if (version <= channel.position) return this.#takeLate(channel, change);
    this.#advance(channel, change);
    this.#releaseHeld(channel);
  }

  /** Notes that there is a version, whose event may be lost. */
  expect(channel: Channel, version: number): void {
    if (version <= channel.wants) return;
    channel.wants = version;
    this.#waiting.add(channel);
  }

  /** Gives somebody behind what arrived since, as far as it is here without a hole. */
  catchUp(channel: Channel, member: Member): void {
    const place = channel.apart?.get(member);
    if (place === undefined || place.position >= channel.position) return;
    for (const change of this.#deps.recent.of(channel.id, place.position)) {
      const { version } = change.frame;
      if (version > channel.position) break;
      if (version <= place.position) continue;
      if (version > place.position + 1) return void this.#waiting.add(channel);
      if (!this.#replay(channel, member, place, change)) return this.#readmit(channel, member, version);
    }
    if (place.position === channel.position) channel.merge(member);
    else this.#waiting.add(channel);
  }

  /** Lets somebody in again whom a change put out that came late, after that which brings them back. */
  #readmit(channel: Channel, member: Member, version: number): void {
    const back = this.#deps.recent
      .of(channel.id, version)
      .find((change) => change.frame.version <= channel.position && entrants(change).includes(member.userId));
    if (back === undefined) return;
    this.#deps.admitLate(channel, back);
    if (channel.has(member)) this.catchUp(channel, member);
  }

  /** To be called at equal intervals of about half a second. Answers the conversations that it found waiting. */
  sweep(): readonly Channel[] {
    const swept = [...this.#waiting];
    for (const channel of swept) {
      const behind = this.#behind(channel);
      const isWanting = channel.wants > channel.position;
      if (!isWanting && behind.length === 0) this.#waiting.delete(channel);
      let isOverdue = isWanting && ++channel.sweeps >= patience;
      for (const [, place] of behind) if (++place.sweeps >= patience) isOverdue = true;
      if (isOverdue) this.#deps.mend(channel);
    }
    return swept;
  }

  /** Takes in what was fetched; what came by the bus meanwhile is preferred: it is as it was at its time. */
  fill(channel: Channel, missed: Missed): void {
    for (const [member, place] of this.#behind(channel)) this.#fillPlace(channel, member, place, missed);
    const known = new Map([...missed.changes, ...(channel.held ?? [])]);
    for (const version of [...known.keys()].sort((a, b) => a - b)) {
      const change = known.get(version);
      if (change === undefined || version <= channel.position || version > missed.upTo) continue;
      this.#skipTo(channel, version - 1);
      this.#advance(channel, change);
    }
    this.#skipTo(channel, missed.upTo);
    this.#releaseHeld(channel);
  }

  /** What is missing up to a version is nowhere: people receive what there is. */
  giveUp(channel: Channel, upTo: number): void {
    const { id, position } = channel;
    const behind = this.#behind(channel);
    if (upTo <= position && behind.length === 0) return;
    this.#deps.onGap();
    this.#deps.log.warn({ conversationId: id, after: position, upTo }, 'changes of a conversation are lost');
    for (const [member] of behind) channel.merge(member);
    const held = [...(channel.held?.keys() ?? [])].filter((version) => version <= upTo);
    for (const version of held.sort((a, b) => a - b)) {
      this.#skipTo(channel, version - 1);
      this.#releaseHeld(channel);
    }
    this.#skipTo(channel, upTo);
    this.#releaseHeld(channel);
  }

  #fillPlace(channel: Channel, member: Member, place: Place, missed: Missed): void {
    const end = Math.min(channel.position, missed.upTo);
    const known = new Map(missed.changes);
    const creation = missed.creationFor(member.userId);
    if (creation !== undefined) known.set(1, creation);
    for (const change of this.#deps.recent.of(channel.id, place.position))
      known.set(change.frame.version, change);
    for (const version of [...known.keys()].sort((a, b) => a - b)) {
      const change = known.get(version);
      if (change === undefined || version <= place.position || version > end) continue;
      if (!this.#replay(channel, member, place, change)) return;
    }
    place.position = Math.max(place.position, end);
    if (place.position === channel.position) channel.merge(member);
    else this.#waiting.add(channel);
  }

  /** Whether they are still there after it. */
  #replay(channel: Channel, member: Member, place: Place, change: Change): boolean {
    place.position = change.frame.version;
    place.sweeps = 0;
    this.#deps.replay(channel, member, change);
    return channel.has(member);
  }

  #advance(channel: Channel, change: Change): void {
    this.#deps.apply(channel, change);
    this.#moveTo(channel, change.frame.version);
  }

  /** Passes versions that nobody can be given any more. */
  #skipTo(channel: Channel, version: number): void {
    if (version <= channel.position) return;
    for (const [member, { position }] of channel.apart ?? [])
      if (position > channel.position && position < version) channel.merge(member);
    this.#moveTo(channel, version);
  }

  #moveTo(channel: Channel, version: number): void {
    channel.position = version;
    channel.wants = Math.max(channel.wants, version);
    channel.sweeps = 0;
    // Those who were ahead join the others where they meet.
    for (const [member, { position }] of channel.apart ?? []) if (position === version) channel.merge(member);
  }

  #releaseHeld(channel: Channel): void {
    const { held } = channel;
    for (const version of held?.keys() ?? []) if (version <= channel.position) held?.delete(version);
    for (
      let next = held?.get(channel.position + 1);
      next !== undefined;
      next = held?.get(channel.position + 1)
    ) {
      held?.delete(next.frame.version);
      this.#advance(channel, next);
    }
    if (held?.size === 0) channel.held = null;
    if (channel.wants <= channel.position) channel.leaving = null;
  }

  #hold(channel: Channel, change: Change): void {
    const { frame } = change;
    this.expect(channel, frame.version);
    this.#waiting.add(channel);
    if (frame.type === 'participant_removed') (channel.leaving ??= new Set()).add(frame.user_id);
    channel.held ??= new Map();
    if (channel.held.has(frame.version)) return;
    if (channel.held.size < maxHeld) channel.held.set(frame.version, change);
    else this.#deps.mend(channel);
  }

  /** At or before the position: for somebody who is behind, or a duplicate. */
  #takeLate(channel: Channel, change: Change): void {
    if (change.frame.version <= channel.base) this.#deps.admitLate(channel, change);
    for (const [member] of this.#behind(channel)) this.catchUp(channel, member);
  }

  #behind(channel: Channel): [Member, Place][] {
    if (channel.apart === null) return [];
    return [...channel.apart].filter(([, place]) => place.position < channel.position);
  }
}
