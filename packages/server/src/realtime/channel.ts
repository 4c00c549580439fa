import type { Change } from './change.ts';
import { Few } from './few.ts';
import type { Listener } from './listener.ts';

/** Somebody with at least one connection to this node. */
export class Member {
  readonly userId: string;
  listeners: readonly Listener[] = [];
  /** The conversations that they are in; none until they are `live`. */
  channels: Channel[] = [];
  /** Whether their conversations are known. */
  live = false;
  /** The load of their conversations that is under way, if it is their first. */
  loading: Promise<string> | null = null;

  constructor(userId: string) {
    this.userId = userId;
  }
}

/** Where somebody is who is not where the others are. */
export interface Place {
  /** The version up to which they have received everything, or need nothing. */
  position: number;
  /** How many sweeps have found them waiting for the same change. */
  sweeps: number;
}

/** A conversation with listeners on this node. `Sequence` moves its position, `Hub` its people. */
export class Channel {
  readonly id: string;
  /** The version at which this node began to listen. */
  readonly base: number;
  /** The version up to which `members` have received everything. */
  position: number;
  participantCount: number;
  readonly members = new Few<Member>();
  /**
   * People who began to listen at another version than `position`: behind it, until they have caught up, or ahead of
   * it, until it gets there. Null while there is nobody, which is nearly always.
   */
  apart: Map<Member, Place> | null = null;
  /** Listeners who asked for typing and status. */
  joined: Set<Listener> | null = null;
  /** Changes that came before one that they follow, by version. */
  held: Map<number, Change> | null = null;
  /** People whose removal is held: they receive nothing that is not of the time before it. */
  leaving: Set<string> | null = null;
  /** The highest version that is known to exist. */
  wants: number;
  /** How many sweeps have found it waiting for the same change. */
  sweeps = 0;

  constructor(id: string, position: number, participantCount: number) {
    this.id = id;
    this.base = position;
    this.position = position;
    this.wants = position;
    this.participantCount = participantCount;
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.apart === null;
  }

  has(member: Member): boolean {
    return this.members.has(member) || this.apart?.has(member) === true;
  }

  /** Whether somebody hears nothing but changes for now: they have to catch up, or are out but for what was before. */
  isSilentFor(userId: string): boolean {
    if (this.leaving?.has(userId) === true) return true;
    for (const [member, place] of this.apart ?? []) {
      if (member.userId === userId) return place.position < this.position;
    }
    return false;
  }

  /** The version up to which somebody has everything; null if they are not in it here. */
  placeOf(member: Member): number | null {
    return this.members.has(member) ? this.position : (this.apart?.get(member)?.position ?? null);
  }

  everybody(): Iterable<Member> {
    return this.apart === null ? this.members : [...this.members, ...this.apart.keys()];
  }

  /** Lets somebody in who needs what comes after `position`. */
  enter(member: Member, position: number): void {
    if (position === this.position) this.members.add(member);
    else (this.apart ??= new Map()).set(member, { position, sweeps: 0 });
    member.channels.push(this);
    for (const listener of member.listeners) if (listener.joined?.has(this.id)) this.join(listener);
  }

  /** Somebody apart is where the others are now. */
  merge(member: Member): void {
    this.#dropApart(member);
    this.members.add(member);
  }

  leave(member: Member): void {
    this.members.delete(member);
    this.#dropApart(member);
    for (const listener of member.listeners) this.unjoin(listener);
    const index = member.channels.indexOf(this);
    const last = member.channels.pop();
    if (last !== undefined && last !== this) member.channels[index] = last;
  }

  join(listener: Listener): void {
    (this.joined ??= new Set()).add(listener);
  }

  unjoin(listener: Listener): void {
    this.joined?.delete(listener);
    if (this.joined?.size === 0) this.joined = null;
  }

  #dropApart(member: Member): void {
    this.apart?.delete(member);
    if (this.apart?.size === 0) this.apart = null;
  }
}
