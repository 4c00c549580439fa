/** WebSockets that listen, and some that send. A message that is timed tells in its content when it was sent. */
import { quantile } from '../figures.ts';
import { serveCommands, sharedNow } from '../generator.ts';
import { dialects, type Dialect, type DialectName } from './dialects.ts';
import { RawSocket, type RawOwner } from './raw-socket.ts';

export interface OpenSockets {
  readonly port: number;
  readonly dialect: DialectName;
  /** One socket each; empty where the server asks for none. */
  readonly tokens: readonly string[];
  /** Handshakes at the same time. */
  readonly atOnce: number;
}

export interface Sending {
  /** Of the sockets, in the order in which they were opened: which one sends, and the rooms that it chooses from. */
  readonly senders: readonly { readonly socket: number; readonly rooms: readonly string[] }[];
}

export interface Saturating extends Sending {
  /** Messages of a sender without an answer at the same time. */
  readonly inFlight: number;
  /** Milliseconds. */
  readonly ms: number;
}

export interface Pacing extends Sending {
  /** Messages in all. */
  readonly count: number;
  /** Milliseconds from one to the next, whatever becomes of the one before. */
  readonly everyMs: number;
  /** Whether that is so on average alone, at moments as by chance (a Poisson process); else it is exact. */
  readonly byChance?: boolean;
}

const words = 'A message of a common length, as people write them.';
const marker = Buffer.from('t=');
const markerDigits = 16;

/** What arrived since `listen`. */
class Counter {
  deliveries = 0;
  bytes = 0;
  /** Milliseconds from sending to arrival, of the messages that tell. */
  times: number[] = [];
  isTimed = false;
  #wanted = Infinity;
  #reached: (() => void) | null = null;

  deliver(bytes: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    if (this.isTimed) this.#time(bytes, start, end);
    if (++this.deliveries >= this.#wanted) this.#reached?.();
  }

  async until(deliveries: number, ms: number): Promise<void> {
    if (this.deliveries >= deliveries) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wanted = deliveries;
    this.#reached = resolve;
    const timer = setTimeout(
      () => reject(new Error(`${this.deliveries} of ${deliveries} deliveries after ${ms} ms`)),
      ms,
    );
    await promise.finally(() => clearTimeout(timer));
  }

  #time(bytes: Buffer, start: number, end: number): void {
    const at = bytes.indexOf(marker, start);
    if (at < 0 || at + markerDigits > end) return;
    let sent = 0;
    for (let digit = at + 2; digit < at + 2 + markerDigits; digit++)
      sent = sent * 10 + (bytes[digit] ?? 0) - 48;
    this.times.push((sharedNow() - sent) / 1000);
  }
}

let counter = new Counter();
const sockets: Peer[] = [];

class Peer implements RawOwner {
  readonly #dialect: Dialect;
  readonly #token: string;
  readonly #socket: RawSocket;
  readonly ready = Promise.withResolvers<void>();
  onAck: ((number: number) => void) | null = null;
  #isOver = false;

  constructor({ port, dialect }: OpenSockets, token: string) {
    this.#dialect = dialects[dialect];
    this.#token = token;
    this.#socket = new RawSocket({ port, path: this.#dialect.path, token }, this);
  }

  upgraded(): void {
    if (!this.#dialect.greets) this.ready.resolve();
    if (this.#dialect.hello !== null) this.#socket.send(this.#dialect.hello(this.#token));
  }

  text(bytes: Buffer, start: number, end: number): void {
    const kind = this.#dialect.kindOf(bytes, start, end);
    if (kind === 'delivery') counter.deliver(bytes, start, end);
    else if (kind === 'ack') this.onAck?.(this.#dialect.acknowledged(bytes, start, end));
    else if (kind === 'greeting') this.ready.resolve();
    else if (kind === 'ask') this.#socket.send('3');
    else if (kind === 'error') fail(bytes.toString('utf8', start, end));
  }

  ended(reason: string): void {
    if (this.#isOver) return;
    this.ready.reject(new Error(reason));
    fail(reason);
  }

  say(number: number, room: string): void {
    const content = `t=${String(sharedNow()).padStart(markerDigits, '0')};${words}`;
    this.#socket.send(this.#dialect.message(number, room, content));
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }
}

/** What went wrong, for the next answer: a run in which anything did is none. */
let failure: string | null = null;
const fail = (reason: string): void => void (failure ??= reason);

const check = (): void => {
  if (failure !== null) throw new Error(failure);
};

const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(Math.random() * items.length)];

const commands = {
  /** Opens sockets, and answers when all are ready. */
  async open(wanted: OpenSockets) {
    const started = performance.now();
    const left = wanted.tokens.values();
    const connectSome = async () => {
      for (const token of left) {
        const peer = new Peer(wanted, token);
        sockets.push(peer);
        await peer.ready.promise;
      }
    };
    await Promise.all(Array.from({ length: wanted.atOnce }, connectSome));
    return { seconds: (performance.now() - started) / 1000 };
  },

  /** Counts from now on; with `isTimed` also how long messages took. */
  listen(isTimed: boolean) {
    counter = new Counter();
    counter.isTimed = isTimed;
  },

  /** What arrived since `listen`, once it is that many. */
  async heard(deliveries: number, withinMs: number) {
    await counter.until(deliveries, withinMs);
    check();
    const { times } = counter;
    return {
      deliveries: counter.deliveries,
      bytes: counter.bytes,
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      max: quantile(times, 1),
    };
  },

  /** Sends for that long, each sender as much as it may have under way; answers when all is acknowledged. */
  async saturate({ senders, inFlight, ms }: Saturating) {
    const times: number[] = [];
    const started = performance.now();
    const until = started + ms;
    await Promise.all(
      senders.map(({ socket, rooms }) => {
        const peer = sockets[socket];
        if (peer === undefined) throw new Error(`there is no socket ${socket}`);
        const { promise: done, resolve } = Promise.withResolvers<void>();
        const sentAt = new Map<number, number>();
        let number = 0;
        const next = (): void => {
          sentAt.set(++number, performance.now());
          peer.say(number, pick(rooms) ?? '');
        };
        peer.onAck = (acknowledged) => {
          const sent = sentAt.get(acknowledged);
          if (sent === undefined) return fail(`acknowledged twice, or never sent: ${acknowledged}`);
          const now = performance.now();
          times.push(now - sent);
          sentAt.delete(acknowledged);
          if (now < until) next();
          else if (sentAt.size === 0) resolve();
        };
        for (let n = 0; n < inFlight; n++) next();
        const failing = setInterval(() => failure !== null && resolve(), 100);
        return done.finally(() => clearInterval(failing));
      }),
    );
    check();
    const seconds = (performance.now() - started) / 1000;
    return { count: times.length, seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  },

  /** Sends at a steady pace, whatever comes back; answers when the last is sent. */
  async pace({ senders, count, everyMs, byChance = false }: Pacing) {
    const pause = (): number => (byChance ? -Math.log(1 - Math.random()) * everyMs : everyMs);
    let due = performance.now();
    let sent = 0;
    await new Promise<void>((resolve) => {
      const tick = (): void => {
        for (; sent < count && due <= performance.now(); sent++, due += pause()) {
          const { socket, rooms } = senders[sent % senders.length] ?? { socket: 0, rooms: [] };
          sockets[socket]?.say(sent + 1, pick(rooms) ?? '');
        }
        if (sent === count) resolve();
        else setTimeout(tick, Math.max(0, due - performance.now()));
      };
      tick();
    });
    check();
  },

  close() {
    for (const peer of sockets.splice(0)) peer.destroy();
    failure = null;
  },
};

export type SocketCommands = typeof commands;

serveCommands(commands);
