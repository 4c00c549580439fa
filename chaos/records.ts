/** What clients write down as it happens: the first witness. All of it is plain data, and crosses processes. */

/** What a client meant to send, and what became of it. */
export interface SendRecord {
  readonly userId: string;
  readonly clientId: string;
  readonly conversationId: string;
  readonly content: string;
  readonly kind: 'text' | 'upload';
  outcome: 'pending' | 'acknowledged' | 'refused';
  /** Of the first acknowledgement. */
  id: string | null;
  seq: number | null;
  version: number | null;
  /** Attempts without an answer: they may or may not have been carried out. */
  unanswered: number;
  /** Answers that were not the same as the first. */
  contradictions: string[];
}

/** An edit (`content`) or a deletion (null) of a message of one's own. */
export interface ChangeRecord {
  readonly messageId: string;
  readonly conversationId: string;
  readonly content: string | null;
  readonly at: number;
  outcome: 'pending' | 'acknowledged' | 'refused';
  unanswered: number;
}

export interface ReadRecord {
  readonly userId: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly at: number;
  outcome: 'pending' | 'acknowledged' | 'refused';
}

/** A connection that ended, and when the client stood where it would have stood without that. */
export interface ReturnRecord {
  readonly node: number;
  readonly lostAt: number;
  backAt: number | null;
}

/** Versions of one conversation that reached somebody, as ranges of neighbours. */
export type Ranges = [from: number, to: number][];

/** Versions come nearly in order: a range grows, or a new one begins. */
export function addVersion(ranges: Ranges, version: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && version === last[1] + 1) last[1] = version;
  else if (!ranges.some(([from, to]) => version >= from && version <= to)) ranges.push([version, version]);
}

/** What one client tells at the end. */
export interface ClientReport {
  readonly index: number;
  readonly userId: string;
  readonly connections: number;
  readonly frames: number;
  /** Durable events among them. */
  readonly deliveries: number;
  readonly sends: readonly SendRecord[];
  readonly changes: readonly ChangeRecord[];
  readonly reads: readonly ReadRecord[];
  readonly returns: readonly ReturnRecord[];
  readonly received: Readonly<Record<string, Ranges>>;
  /** Events that came out of order or twice on one connection. */
  readonly disorder: readonly string[];
  /** Frames that are not as the protocol declares them. */
  readonly undeclared: readonly string[];
  /** Answers that nobody should get: 5xx other than 503. */
  readonly failures: readonly string[];
}

/** How a client's state compares with a fresh read of the same moment. */
export interface StateReport {
  readonly index: number;
  readonly userId: string;
  readonly differences: readonly string[];
  /** By conversation: how many messages a fresh read shows, a digest of their order, and the unread count. */
  readonly histories: Readonly<
    Record<string, { readonly count: number; readonly digest: string; readonly unread: number }>
  >;
}

/** Who a client shows as what: by asking, and by what it was told. */
export interface StatusReport {
  readonly index: number;
  readonly userId: string;
  readonly asked: Readonly<Record<string, string>>;
  readonly told: Readonly<Record<string, string>>;
}

/** At the end of the chaos: what is still unfinished of a client. */
export interface Unsettled {
  readonly index: number;
  readonly what: string;
}
