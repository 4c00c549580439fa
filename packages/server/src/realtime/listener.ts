import type { ServerFrame } from '@parley/protocol';

/** A frame in the form in which it leaves: encoded once, however many receive it. */
export interface Prepared {
  /** The whole WebSocket frame, header included. Shared by all who receive it: never written to. */
  readonly bytes: Buffer;
  /** Whether a slow reader may miss it: typing and status, which the next one of their kind outdates. */
  readonly ephemeral: boolean;
}

/** Turns a frame into what is written to sockets. */
export type Prepare = (frame: ServerFrame) => Prepared;

/** A connection, as the hub sees it. */
export interface Listener {
  readonly userId: string;
  /** Conversations whose typing and status it asked for; null while there are none. The hub keeps it. */
  joined: Set<string> | null;
  /** Queues a frame. Neither throws nor waits. */
  deliver(frame: Prepared): void;
  /** The frame just queued held this message, by somebody else: once it is known to have arrived, it is delivered. */
  expectDelivery(conversationId: string, seq: number): void;
}

/** Somebody with at least one connection to this node. */
export class Member {
  readonly userId: string;
  readonly listeners: Listener[] = [];
  /** The conversations that they are in; empty until they are `live`. */
  readonly channels: Channel[] = [];
  /** Whether their conversations are known. */
  live = false;
  /** The load of their conversations that is under way, if it is their first. */
  loading: Promise<string> | null = null;

  constructor(userId: string) {
    this.userId = userId;
  }
}

/** A conversation with listeners on this node. */
export class Channel {
  readonly id: string;
  /** The version at which this node began to listen. */
  readonly base: number;
  /** The version up to which `members` have received everything. */
  position: number;
  participantCount: number;
  readonly members = new Set<Member>();
  /** People who are not where the others are, and how far they are; behind until they caught up, or ahead. */
  apart: Map<Member, number> | null = null;
  /** Listeners who asked for typing and status. */
  joined: Set<Listener> | null = null;
  /** Changes that came before one that they follow, by version. */
  held: Map<number, HeldChange> | null = null;
  /** Versions that were given up and may still come. */
  missed: Set<number> | null = null;
  /** People whose removal is held: they receive nothing but what was before it. */
  leaving: Set<string> | null = null;
  /** How many sweeps have found it waiting for the same change. */
  sweeps = 0;

  constructor(id: string, position: number, participantCount: number) {
    this.id = id;
    this.base = position;
    this.position = position;
    this.participantCount = participantCount;
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.apart === null;
  }

  has(member: Member): boolean {
    return this.members.has(member) || this.apart?.has(member) === true;
  }

  everybody(): Iterable<Member> {
    return this.apart === null ? this.members : [...this.members, ...this.apart.keys()];
  }

  setApart(member: Member, position: number): void {
    this.apart ??= new Map();
    this.apart.set(member, position);
  }

  dropApart(member: Member): void {
    this.apart?.delete(member);
    if (this.apart?.size === 0) this.apart = null;
  }
}
