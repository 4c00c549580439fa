import type { Participant, Profile } from '@parley/protocol';

/** Of how many who left is known that they did. */
const goneKept = 200;

/** How far somebody has read and received a conversation; what is left out stands where it is. */
export interface Move {
  readonly last_read_seq?: number;
  readonly last_delivered_seq?: number;
}

/**
 * Who is in a conversation, in the order of joining: everybody, or the longest-standing, as far as they were read. What is
 * held is a beginning of the whole list at all times. Watermarks only move forward; since somebody who comes back
 * begins at the last message, that holds across their absence, too.
 */
export class Roster {
  #people = new Map<string, Participant>();
  /** Of people who are not known, or not yet: a receipt may overtake the entrance of whom it is about. */
  #early: Map<string, Move> | null = null;
  /** Who left last: a page that was read before must not bring them back. */
  readonly #gone = new Set<string>();
  #isComplete = false;
  /** When the last in the list came. */
  #last: string | undefined;

  get size(): number {
    return this.#people.size;
  }

  /** Whether this is everybody. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get(userId: string): Participant | undefined {
    return this.#people.get(userId);
  }

  values(): IterableIterator<Participant> {
    return this.#people.values();
  }

  /** The longest-standing. */
  first(count: number): Participant[] {
    const shown: Participant[] = [];
    for (const participant of this.#people.values()) {
      if (shown.length === count) break;
      shown.push(participant);
    }
    return shown;
  }

  /** Takes a beginning of the list in place of what was held, watermarks excepted. `count`: how many there are in all. */
  replace(participants: readonly Participant[], count: number): void {
    const before = this.#people;
    this.#people = new Map();
    this.#last = undefined;
    this.#isComplete = false;
    for (const participant of participants) {
      this.#gone.delete(participant.user_id);
      this.#set(sameStay(before.get(participant.user_id), participant) ?? participant);
    }
    this.settle(count);
  }

  /** Takes a part of the list that begins within what is held or right after it. */
  extend(participants: readonly Participant[], count: number): void {
    for (const participant of participants) if (!this.#gone.has(participant.user_id)) this.#put(participant);
    this.settle(count);
  }

  /** Somebody came, and stands behind all others. Where not all of those are known, there is no place for them here. */
  add(participant: Participant): void {
    this.#gone.delete(participant.user_id);
    if (this.#isComplete || this.#people.get(participant.user_id)?.joined_at === participant.joined_at)
      this.#put(participant);
    else this.#people.delete(participant.user_id);
  }

  /** Somebody's role or mute changed. */
  update(participant: Participant): void {
    if (this.#people.has(participant.user_id)) this.#put(participant);
  }

  remove(userId: string, count: number): void {
    this.#people.delete(userId);
    this.#early?.delete(userId);
    this.#gone.delete(userId);
    this.#gone.add(userId);
    for (const first of this.#gone) {
      if (this.#gone.size <= goneKept) break;
      this.#gone.delete(first);
    }
    this.settle(count);
  }

  move(userId: string, move: Move): void {
    const held = this.#people.get(userId);
    if (held !== undefined) this.#people.set(userId, moved(held, move));
    else this.#early = (this.#early ?? new Map()).set(userId, furthest(this.#early?.get(userId), move));
  }

  rename({ user_id, display_name, avatar_url }: Profile): void {
    const held = this.#people.get(user_id);
    if (held !== undefined) this.#people.set(user_id, { ...held, display_name, avatar_url });
  }

  /** Once all are here, those who come and go keep it so. */
  settle(count: number): void {
    this.#isComplete ||= this.#people.size >= count;
  }

  #put(participant: Participant): void {
    const held = this.#people.get(participant.user_id);
    if (held !== undefined && held.joined_at > participant.joined_at) return;
    const same = sameStay(held, participant);
    if (held !== undefined && same === null) this.#people.delete(participant.user_id);
    this.#set(same ?? participant);
  }

  #set(participant: Participant): void {
    const early = this.#early?.get(participant.user_id);
    this.#early?.delete(participant.user_id);
    const isNew = !this.#people.has(participant.user_id);
    this.#people.set(participant.user_id, early === undefined ? participant : moved(participant, early));
    if (isNew && this.#last !== undefined && this.#last > participant.joined_at) this.#sort();
    else if (isNew) this.#last = participant.joined_at;
  }

  /** Only where changes arrive after later ones. Who came in the same millisecond keeps their order. */
  #sort(): void {
    const inOrder = [...this.#people].sort(([, a], [, b]) =>
      a.joined_at < b.joined_at ? -1 : Number(a.joined_at > b.joined_at),
    );
    this.#people = new Map(inOrder);
  }
}

/** `now` with the furthest watermarks known, if it is of the same stay in the conversation as `held`. */
const sameStay = (held: Participant | undefined, now: Participant): Participant | null =>
  held !== undefined && held.joined_at === now.joined_at ? moved(now, held) : null;

const furthest = (a: Move = {}, b: Move): Move => ({
  last_read_seq: Math.max(a.last_read_seq ?? 0, b.last_read_seq ?? 0),
  last_delivered_seq: Math.max(a.last_delivered_seq ?? 0, b.last_delivered_seq ?? 0),
});

/** What is read was delivered. */
function moved(
  participant: Participant,
  { last_read_seq: read = 0, last_delivered_seq: delivered = 0 }: Move,
) {
  const last_read_seq = Math.max(participant.last_read_seq, read);
  const last_delivered_seq = Math.max(participant.last_delivered_seq, delivered, read);
  return last_read_seq === participant.last_read_seq && last_delivered_seq === participant.last_delivered_seq
    ? participant
    : { ...participant, last_read_seq, last_delivered_seq };
}
