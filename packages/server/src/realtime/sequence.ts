import type { Channel, Member, Place } from './channel.ts';
import type { Change } from './change.ts';
import type { Log } from './listener.ts';
import type { RecentChanges } from './recent.ts';

export interface SequenceDeps {
  readonly recent: RecentChanges;
  /** Carries a change out for `channel.members`, its effect on who is in there included. */
  readonly apply: (channel: Channel, change: Change) => void;
  /** Carries out what a change that others have already had means for one person. */
  readonly replay: (channel: Channel, member: Member, change: Change) => void;
  /** Lets those in whom a change puts in and who are not there, as of just before it. */
  readonly admitLate: (channel: Channel, change: Change) => void;
  readonly log: Log;
  /** A hole in a conversation's versions was given up. */
  readonly onGap: () => void;
}

/** Sweeps that find a conversation waiting for the same change before it is given up. */
const patience = 3;
/** Changes held back in one conversation at most. */
const maxHeld = 512;
/** Given-up versions remembered in one conversation at most. */
const maxMissed = 1024;

/**
 * Brings the changes of each conversation into the order of their versions, each once.
 *
 * Commits happen in that order but publishing may overtake: what comes too early is held back. A hole that stays open
 * for `patience` sweeps is given up. They are counted, and not timed, because a process that stood still has not waited:
 * what arrived meanwhile is read between two sweeps.
 */
export class Sequence {
  readonly #deps: SequenceDeps;
  /** Conversations that hold something back or have somebody behind. */
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

  /** Gives somebody behind what arrived since, as far as it is here without a hole. */
  catchUp(channel: Channel, member: Member): void {
    this.#catchUp(channel, member, false);
  }

  /** To be called at equal intervals of about half a second. Answers the conversations that it found waiting. */
  sweep(): readonly Channel[] {
    const swept = [...this.#waiting];
    for (const channel of swept) {
      if (channel.held !== null && ++channel.sweeps >= patience) this.#mendHole(channel);
      const behind = this.#behind(channel);
      for (const [member, place] of behind)
        if (++place.sweeps >= patience) this.#mendPlace(channel, member, place);
      if (channel.held === null && behind.length === 0) this.#waiting.delete(channel);
    }
    return swept;
  }

  #advance(channel: Channel, change: Change): void {
    this.#deps.apply(channel, change);
    channel.position = change.frame.version;
    channel.sweeps = 0;
    this.#gather(channel);
  }

  /** Those who were ahead join the others where they meet. */
  #gather(channel: Channel): void {
    if (channel.apart === null) return;
    for (const [member, place] of channel.apart) {
      if (place.position === channel.position) channel.merge(member);
    }
  }

  #releaseHeld(channel: Channel): void {
    while (channel.held !== null) {
      const next = channel.held.get(channel.position + 1);
      if (next === undefined) return;
      channel.held.delete(next.frame.version);
      if (channel.held.size === 0) channel.held = null;
      this.#advance(channel, next);
    }
    channel.leaving = null;
  }

  #hold(channel: Channel, change: Change): void {
    const { frame } = change;
    channel.held ??= new Map();
    if (channel.held.has(frame.version)) return;
    channel.held.set(frame.version, change);
    if (frame.type === 'participant_removed') (channel.leaving ??= new Set()).add(frame.user_id);
    this.#wait(channel);
    if (channel.held.size > maxHeld) this.#mendHole(channel);
  }

  /** At or before the position: for somebody who is behind, given up before, or a duplicate. */
  #takeLate(channel: Channel, change: Change): void {
    const { version } = change.frame;
    if (channel.missed?.delete(version) === true) return this.#deps.apply(channel, change);
    if (version <= channel.base) this.#deps.admitLate(channel, change);
    for (const [member] of this.#behind(channel)) this.catchUp(channel, member);
  }

  /**
   * A hole stayed open: what lies between the position and the first change held did not come by the bus. Here is the
   * place to fetch it from where it is kept; without that, people receive what there is, late ones if they come.
   */
  #mendHole(channel: Channel): void {
    const { id, position, held } = channel;
    if (held === null) return;
    const next = Math.min(...held.keys());
    this.#deps.onGap();
    this.#deps.log.warn(
      { conversationId: id, after: position, before: next },
      'changes of a conversation did not arrive',
    );
    channel.missed ??= new Set();
    for (let version = position + 1; version < next && channel.missed.size < maxMissed; version++) {
      channel.missed.add(version);
    }
    channel.position = next - 1;
    channel.sweeps = 0;
    for (const [member, place] of channel.apart ?? []) {
      if (place.position > position && place.position < next) channel.merge(member);
    }
    this.#releaseHeld(channel);
  }

  /** As `#mendHole`, for one person who is behind the others. */
  #mendPlace(channel: Channel, member: Member, { position }: Place): void {
    this.#deps.onGap();
    this.#deps.log.warn(
      { conversationId: channel.id, after: position, upTo: channel.position },
      'changes for somebody new did not arrive',
    );
    this.#catchUp(channel, member, true);
  }

  #catchUp(channel: Channel, member: Member, overHoles: boolean): void {
    const place = channel.apart?.get(member);
    if (place === undefined || place.position >= channel.position) return;
    for (const change of this.#deps.recent.of(channel.id, place.position)) {
      const { version } = change.frame;
      if (version > channel.position) break;
      if (version <= place.position) continue;
      if (version > place.position + 1 && !overHoles) return this.#wait(channel);
      place.position = version;
      place.sweeps = 0;
      this.#deps.replay(channel, member, change);
      if (!channel.has(member)) return;
    }
    if (place.position === channel.position || overHoles) channel.merge(member);
    else this.#wait(channel);
  }

  #behind(channel: Channel): [Member, Place][] {
    if (channel.apart === null) return [];
    return [...channel.apart].filter(([, place]) => place.position < channel.position);
  }

  #wait(channel: Channel): void {
    this.#waiting.add(channel);
  }
}
