import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { closeCodes, type ServerFrame } from '@parley/protocol';
import type { Identity } from '../identity/verifier.ts';
import type { Actor } from '../messaging/actor.ts';
import type { Clock, DeliveredMove } from '../messaging/ports.ts';
import type { Prepared } from '../realtime/listener.ts';
import type { Commander } from './command-handlers.ts';
import { EventHold } from './event-hold.ts';
import { FloodGate, type FloodLimit } from './flood.ts';
import { pingFrame, prepare } from './frame.ts';
import { Outbox, type OutboxOwner, type OutboxShared } from './outbox.ts';
import type { SyncFrame } from './resume.ts';
import type { Socket, SocketOwner } from './socket.ts';

/** What all connections of a server share. */
export interface ConnectionShared {
  readonly outbox: OutboxShared;
  readonly clock: Clock;
  /** What is a flood from somebody, as they are when they connect. */
  readonly floodLimitOf: (actor: Actor) => FloodLimit;
  /** Takes a text frame; null for a binary one. */
  readonly onFrame: (from: Connection, text: string | null) => void;
  /** Messages that are known to have reached somebody. */
  readonly onDelivered: (moves: readonly DeliveredMove[]) => void;
  /** The connection has ended, with this close code. Once. */
  readonly onEnded: (connection: Connection, code: number) => void;
}

/** Milliseconds between two pings of a connection. */
export const heartbeatMs = 25_000;
/** Unanswered ones after which it is given up. */
const maxMissed = 2;
/** Milliseconds that a client has to answer a close. */
const closingMs = 3000;
/** Milliseconds that a reader may take for most of a page, before the next is read. */
const takeMs = 30_000;
/** Commands under way above which nothing more is read from the socket. */
const maxCommands = 64;

/**
 * One socket of one person: what comes in, what goes out, and when it ends. It has no timer; `sweep` is called for all
 * of them once a second.
 */
export class Connection implements Commander, OutboxOwner, SocketOwner {
  readonly id = randomUUID();
  /** When it began, in milliseconds since 1970. */
  readonly since: number;
  joined: Set<string> | null = null;
  turn: Promise<unknown> | null = null;
  sending: Promise<unknown> | null = null;
  resuming: Promise<unknown> | null = null;
  resumes = 0;
  readonly #shared: ConnectionShared;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #flood: FloodGate;
  #actor: Actor;
  #expiresAt: number;
  #commands = 0;
  #leaving = false;
  // Times but the token's are of `performance.now()`: those of the day may be set back.
  /** The code that it was closed with, and when; 0 while it is open. */
  #closeCode = 0;
  #closedAt = 0;
  #pingedAt: number;
  #pings = 0;
  /** The last of them that was answered. */
  #answered = 0;
  #missed = 0;
  /** The highest `seq` of others by conversation, queued since the last ping. */
  #queued: Map<string, number> | null = null;
  /** The same, proven once the ping of this number is answered. */
  #unproven: { readonly ping: number; readonly seqs: ReadonlyMap<string, number> } | null = null;
  /** While it catches up, and for a while after. */
  #hold: EventHold | null = null;
  /** Since when its reader is waited for; null while nobody waits. */
  #drainingSince: number | null = null;
  #isAttached = false;
  /** Those who wait for it to be. */
  #onAttached: (() => void)[] | null = null;

  constructor(socket: Socket, raw: Duplex, { actor, expiresAt }: Identity, shared: ConnectionShared) {
    const now = performance.now();
    this.since = shared.clock.now();
    this.#shared = shared;
    this.#socket = socket;
    this.#outbox = new Outbox(raw, shared.outbox, this);
    this.#flood = new FloodGate(now, shared.floodLimitOf(actor));
    this.#actor = actor;
    this.#expiresAt = expiresAt;
    // Those who come together are not to be pinged together ever after.
    this.#pingedAt = now - Math.random() * heartbeatMs;
  }

  get actor(): Actor {
    return this.#actor;
  }

  get userId(): string {
    return this.#actor.userId;
  }

  get leaving(): boolean {
    return this.#leaving;
  }

  get closing(): boolean {
    return this.#closeCode !== 0 || this.#socket.readyState !== this.#socket.OPEN;
  }

  // --- out ------------------------------------------------------------------------------------------------------------

  /** Sends the first frame; all that was queued before follows it. */
  start(cursor: string): void {
    const now = new Date(this.#shared.clock.now()).toISOString();
    this.#outbox.open(
      prepare({ type: 'connected', user_id: this.userId, connection_id: this.id, cursor, server_time: now }),
    );
    this.#attach();
  }

  send(frame: ServerFrame): void {
    this.#outbox.push(prepare(frame));
  }

  deliver(frame: Prepared): void {
    if (this.#hold === null || this.#hold.admits(frame)) this.#outbox.push(frame);
  }

  expectDelivery(conversationId: string, seq: number): void {
    if (this.#hold?.expect(conversationId, seq) === true) return;
    if (this.#closeCode === 0) (this.#queued ??= new Map()).set(conversationId, seq);
  }

  attached(): Promise<void> {
    if (this.#isAttached) return Promise.resolve();
    return new Promise((resolve) => (this.#onAttached ??= []).push(resolve));
  }

  holdEvents(): void {
    this.#hold ??= new EventHold();
    this.#hold.close();
  }

  sendPage(frame: SyncFrame): boolean {
    const hold = this.#hold;
    const more = frame.has_more || hold?.takeOverflow() === true;
    hold?.answered(frame);
    this.send({ ...frame, has_more: more });
    for (const { conversation_id: id, messages } of frame.conversations) {
      const last = messages.findLast((message) => message.sender_id !== this.userId);
      if (last !== undefined) this.expectDelivery(id, last.seq);
    }
    return more;
  }

  releaseEvents(): void {
    if (this.#hold === null) return;
    // It would go on as if nothing were missing; who comes back catches up. The error that tells why goes first.
    if (this.#hold.hasHole) return void setImmediate(() => this.close('slow_reader'));
    const { frames, expected } = this.#hold.open(performance.now());
    for (const frame of frames) this.#outbox.push(frame);
    for (const [conversationId, seq] of expected) this.expectDelivery(conversationId, seq);
  }

  async drained(): Promise<void> {
    this.#drainingSince = performance.now();
    await this.#outbox.drainedTo(this.#shared.outbox.marks.ephemeral);
    this.#drainingSince = null;
  }

  overflowed(): void {
    this.close('slow_reader');
  }

  // --- in -------------------------------------------------------------------------------------------------------------

  receive(text: string | null): void {
    if (this.#admit()) this.#shared.onFrame(this, text);
  }

  pinged(): void {
    this.#admit();
  }

  answered(ping: number): void {
    // A pong that answers no ping of ours costs its sender what any other frame does.
    if (!(ping > this.#answered && ping <= this.#pings)) return void this.#admit();
    this.#answered = ping;
    this.#missed = 0;
    const proven = this.#unproven;
    if (proven === null || ping < proven.ping) return;
    this.#unproven = null;
    const { userId } = this;
    this.#shared.onDelivered(
      [...proven.seqs].map(([conversationId, lastSeq]) => ({ conversationId, userId, lastSeq })),
    );
  }

  renew(actor: Actor, expiresAt: number): void {
    this.#actor = actor;
    this.#expiresAt = expiresAt;
  }

  begun(): void {
    if (++this.#commands === maxCommands) this.#socket.pause();
  }

  finished(): void {
    if (--this.#commands === maxCommands / 2) this.#socket.resume();
    if (this.#leaving && this.#commands === 0) this.close('going_away');
  }

  #admit(): boolean {
    this.#missed = 0;
    if (this.#closeCode !== 0) return false;
    if (this.#flood.admit(performance.now())) return true;
    this.close('flood');
    return false;
  }

  // --- the end --------------------------------------------------------------------------------------------------------

  /**
   * Whatever time brings: an expired token, a heartbeat, a ping that proves deliveries, a page that is not taken, a close
   * without an answer.
   */
  sweep(now: number): void {
    if (this.#hold?.isOver(now) === true) this.#hold = null;
    if (this.#closeCode !== 0) {
      if (now - this.#closedAt >= closingMs) this.terminate();
    } else if (this.#shared.clock.now() >= this.#expiresAt) {
      this.close('unauthorized');
    } else if (this.#drainingSince !== null && now - this.#drainingSince >= takeMs) {
      this.close('slow_reader');
    } else if (now - this.#pingedAt >= heartbeatMs) {
      this.#heartbeat(now);
    } else if (this.#queued !== null && this.#unproven === null) {
      this.#ping();
    }
  }

  /** Takes no new commands, and closes when those under way have been answered. */
  leave(): void {
    this.#leaving = true;
    if (this.#commands === 0) this.close('going_away');
  }

  close(reason: keyof typeof closeCodes): void {
    if (this.#closeCode !== 0) return;
    this.#closeCode = closeCodes[reason];
    this.#closedAt = performance.now();
    this.#outbox.finish();
    // What was paused could not read the answer to the close.
    this.#socket.resume();
    this.#socket.close(this.#closeCode, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  ended(code: number): void {
    if (this.#closeCode === 0) this.#closeCode = code;
    this.#outbox.close();
    this.#attach();
    this.#shared.onEnded(this, this.#closeCode);
  }

  #attach(): void {
    this.#isAttached = true;
    for (const resolve of this.#onAttached ?? []) resolve();
    this.#onAttached = null;
  }

  #heartbeat(now: number): void {
    // While nothing is read, nothing can be heard.
    if (this.#socket.isPaused) this.#missed = 0;
    if (this.#missed >= maxMissed) return this.close('no_heartbeat');
    this.#missed++;
    this.#pingedAt = now;
    this.#ping();
  }

  #ping(): void {
    this.#pings++;
    if (this.#queued !== null && this.#unproven === null) {
      this.#unproven = { ping: this.#pings, seqs: this.#queued };
      this.#queued = null;
    }
    this.#outbox.pushBytes(pingFrame(this.#pings));
  }
}
