import type { Duplex } from 'node:stream';
import type { Prepared } from '../realtime/listener.ts';

export interface OutboxMeter {
  /** Ephemeral frames that an outbox past its first mark let go. */
  dropped(frames: number): void;
  /** An outbox grew past its second mark. */
  overflowed(): void;
}

export interface OutboxMarks {
  /** Unsent bytes above which ephemeral frames are dropped. */
  readonly ephemeral: number;
  /** Unsent bytes above which nothing more is taken and the owner is told. A single frame may reach beyond. */
  readonly overflow: number;
}

/**
 * 256 KiB is some 500 messages that a reader has not taken: whoever is that late sees typing that is over. 1 MiB is ten
 * pages of history of 100 usual messages, or two of 100 long ones: more in one go is sent by whoever paces it.
 */
export const outboxMarks: OutboxMarks = { ephemeral: 256 * 1024, overflow: 1024 * 1024 };

/** Frames up to this many bytes together are copied into one buffer; above, the system gathers them. */
const copyBytes = 64 * 1024;

/** Milliseconds for which frames that may wait do, before they are written in steps. */
const patienceMs = 200;
/** Milliseconds between two steps, how many there are at most, and the sockets in each at least. */
const stepMs = 10;
const maxSteps = 80;
const minStep = 16;

/** Lets the outboxes that were given something in a turn of the event loop write once, at its end. */
export class WriteTick {
  #waiting: Outbox[] = [];
  #patient: Outbox[] = [];
  #isPatient = false;

  /** To be called once by an outbox until it is flushed. */
  schedule(outbox: Outbox): void {
    if (this.#waiting.push(outbox) === 1) setImmediate(() => this.#flush());
  }

  /** As `schedule`, but for a while that all of them share, as long as nothing else has them write earlier. */
  scheduleLater(outbox: Outbox): void {
    this.#patient.push(outbox);
    if (!this.#isPatient) this.#wait();
  }

  #flush(): void {
    const outboxes = this.#waiting;
    this.#waiting = [];
    for (const outbox of outboxes) outbox.flush();
  }

  #wait(): void {
    this.#isPatient = this.#patient.length > 0;
    if (this.#isPatient) setTimeout(() => this.#flushPatient(), patienceMs).unref();
  }

  /** In steps, between which there is time for frames that do not wait. */
  #flushPatient(): void {
    const outboxes = this.#patient;
    this.#patient = [];
    const share = Math.max(minStep, Math.ceil(outboxes.length / maxSteps));
    const step = (from: number): void => {
      for (const outbox of outboxes.slice(from, from + share)) outbox.flushPatient();
      if (from + share < outboxes.length) setTimeout(step, stepMs, from + share).unref();
      else this.#wait();
    };
    step(0);
  }
}

/** What all outboxes of a server share. */
export interface OutboxShared {
  readonly tick: WriteTick;
  readonly marks: OutboxMarks;
  readonly meter: OutboxMeter;
}

export interface OutboxOwner {
  /** Its reader is too slow. The outbox is closed. */
  overflowed(): void;
}

/**
 * What is to be written to one socket: whole WebSocket frames, in order, bounded in bytes. It holds everything back
 * until `open`, so that what happens while a connection is being set up follows its first frame.
 *
 * Frames go to the raw socket. As they are whole, and nothing is compressed, the frames that `ws` writes by itself
 * (pongs, the close) may stand between them. While the socket has more than it can pass on, frames wait here, where
 * those shared with other sockets take no memory of their own.
 */
export class Outbox {
  readonly #socket: Duplex;
  readonly #shared: OutboxShared;
  readonly #owner: OutboxOwner;
  #queue: Buffer[] | null = null;
  #queuedBytes = 0;
  #state: 'held' | 'open' | 'closed' = 'held';
  #scheduled = false;
  /** Whether it is to be flushed a little later anyway. */
  #waits = false;
  #draining = false;

  constructor(socket: Duplex, shared: OutboxShared, owner: OutboxOwner) {
    this.#socket = socket;
    this.#shared = shared;
    this.#owner = owner;
  }

  /** Bytes that the system has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength + this.#queuedBytes;
  }

  /** Writes `first`, and then what came before this call and after it. */
  open(first: Prepared): void {
    if (this.#state !== 'held') return;
    this.#state = 'open';
    (this.#queue ??= []).unshift(first.bytes);
    this.#queuedBytes += first.bytes.length;
    this.flush();
  }

  push(frame: Prepared): void {
    const { marks, meter } = this.#shared;
    const unsent = this.unsentBytes;
    if (this.#state === 'closed') return;
    if (frame.ephemeral && unsent > marks.ephemeral) return meter.dropped(1);
    if (unsent <= marks.overflow) return this.#add(frame.bytes, frame.patient === true);
    this.close();
    meter.overflowed();
    this.#owner.overflowed();
  }

  /** As `push` of a patient frame, past all marks: for pings, which are few and small. */
  pushBytes(bytes: Buffer): void {
    this.#add(bytes, true);
  }

  /** Writes what there is, unless the socket has enough already; then as soon as it has not. */
  flush(): void {
    this.#scheduled = false;
    if (this.#state !== 'open' || this.#queue === null || !this.#socket.writable) return;
    if (this.#socket.writableNeedDrain) this.#flushOnDrain();
    else this.#write();
  }

  /** Resolves once no more than `bytes` wait for the reader, or nothing is written any more. */
  async drainedTo(bytes: number): Promise<void> {
    while (this.#state === 'open' && this.unsentBytes > bytes && this.#socket.writable) {
      await progress(this.#socket);
    }
  }

  /** Takes nothing more, and gives up what was not written. */
  close(): void {
    this.#state = 'closed';
    this.#queue = null;
    this.#queuedBytes = 0;
  }

  /** As `close`, but hands the socket all there is first; at most as much as the marks allow. */
  finish(): void {
    if (this.#state === 'open' && this.#queue !== null && this.#socket.writable) this.#write();
    this.close();
  }

  /** As `flush`, for what has waited since `scheduleLater`. */
  flushPatient(): void {
    this.#waits = false;
    if (!this.#scheduled) this.flush();
  }

  #add(bytes: Buffer, isPatient: boolean): void {
    if (this.#state === 'closed') return;
    (this.#queue ??= []).push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#state === 'held') return;
    if (this.#queuedBytes >= copyBytes) return this.flush();
    if (this.#scheduled || (isPatient && this.#waits)) return;
    if (isPatient) {
      this.#waits = true;
      this.#shared.tick.scheduleLater(this);
    } else {
      this.#scheduled = true;
      this.#shared.tick.schedule(this);
    }
  }

  #flushOnDrain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#socket.once('drain', () => {
      this.#draining = false;
      this.flush();
    });
  }

  #write(): void {
    const frames = this.#queue ?? [];
    const bytes = this.#queuedBytes;
    this.#queue = null;
    this.#queuedBytes = 0;
    const [first] = frames;
    if (frames.length === 1 && first !== undefined) {
      this.#socket.write(first);
    } else if (bytes <= copyBytes) {
      this.#socket.write(Buffer.concat(frames, bytes));
    } else {
      this.#socket.cork();
      for (const frame of frames) this.#socket.write(frame);
      this.#socket.uncork();
    }
  }
}

/** Resolves when the socket has passed on what it had, or ends. */
const progress = (socket: Duplex): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.once('drain', done).once('close', done);
  });
