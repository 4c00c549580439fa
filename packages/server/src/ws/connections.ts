import { heartbeatMs, type Connection } from './connection.ts';
import type { SocketOwner } from './socket.ts';
import { SocketCap } from './socket-cap.ts';

/** Milliseconds in which every connection is swept once, and in how many steps. */
const sweepMs = 1000;
const sweepSteps = 20;
const drainStepMs = 20;
/** Closes a second while draining, as long as the time allows no more than that. */
const drainPace = 1000;
/** The part of the time to drain over which closes are spread; the rest is for answers on their way. */
const drainSpread = 0.7;

/**
 * Milliseconds of silence after which a connection is a ghost where its place is wanted: it has left a ping without an
 * answer. Where nobody wants its place it has until the next ping.
 */
const silentMs = heartbeatMs + 5000;

/** A connection, and when it was last heard of. */
export class Heard implements SocketOwner {
  readonly connection: Connection;
  #at = performance.now();

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Whether a client that is there would have been heard of since. `now`: of `performance.now()`. */
  isGhost(now: number): boolean {
    return now - this.#at >= silentMs;
  }

  receive(text: string | null): void {
    this.#at = performance.now();
    this.connection.receive(text);
  }

  pinged(): void {
    this.#at = performance.now();
    this.connection.pinged();
  }

  answered(ping: number): void {
    this.#at = performance.now();
    this.connection.answered(ping);
  }

  ended(code: number): void {
    this.connection.ended(code);
  }
}

/** All connections of a server: one timer for all that time brings, how many a person may have, and the way out. */
export class Connections {
  readonly #open = new Map<Connection, Heard>();
  readonly #cap = new SocketCap<Connection>();
  readonly #timer: NodeJS.Timeout;
  #sweepStep = 0;
  /** Those whose turn is yet to come. */
  #unswept: Iterator<Connection, undefined> = this.#open.keys();
  #onEmpty: (() => void) | null = null;

  constructor() {
    this.#timer = setInterval(() => this.#sweep(), sweepMs / sweepSteps).unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes a connection; what its socket tells is to go by the answer. */
  add(connection: Connection): SocketOwner {
    const heard = new Heard(connection);
    this.#open.set(connection, heard);
    if (connection.actor.kind === 'user') this.#cap.add(connection.userId, connection);
    return heard;
  }

  /** Whether a person may open one more; those of theirs where nobody is any more make room first, by a 4408. */
  admits(userId: string): boolean {
    const now = performance.now();
    return this.#cap.admits(userId, (connection) => {
      const isGhost = this.#open.get(connection)?.isGhost(now) !== false;
      if (isGhost) connection.close('no_heartbeat');
      return isGhost;
    });
  }

  delete(connection: Connection): void {
    this.#open.delete(connection);
    this.#cap.delete(connection.userId, connection);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  /**
   * Closes everybody with 1001, spread over the time so that they don't arrive elsewhere all at once, each after the
   * answers to their commands; who is left after `ms` is cut off.
   */
  async drain(ms: number): Promise<void> {
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    if (this.#open.size === 0) resolve();
    const waiting = [...this.#open.keys()];
    const spreadMs = Math.min(ms * drainSpread, (waiting.length / drainPace) * 1000);
    const step = Math.ceil((waiting.length * drainStepMs) / Math.max(drainStepMs, spreadMs));
    const release = () => waiting.splice(0, step).forEach((connection) => connection.leave());
    release();
    const steps = setInterval(release, drainStepMs);
    const deadline = setTimeout(() => this.#cutOff(), ms);
    await empty;
    clearInterval(steps);
    clearTimeout(deadline);
    clearInterval(this.#timer);
  }

  #cutOff(): void {
    for (const connection of this.#open.keys()) connection.terminate();
  }

  /** A part of them at a time: pings to everybody at once, and their answers, would hold up messages. */
  #sweep(): void {
    if (this.#sweepStep === 0) this.#unswept = this.#open.keys();
    this.#sweepStep = (this.#sweepStep + 1) % sweepSteps;
    const share = this.#sweepStep === 0 ? Infinity : Math.ceil(this.#open.size / sweepSteps);
    const now = performance.now();
    for (let count = 0; count < share; count++) {
      const next = this.#unswept.next();
      if (next.done === true) return;
      next.value.sweep(now);
    }
  }
}
