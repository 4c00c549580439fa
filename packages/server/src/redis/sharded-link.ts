import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../messaging/ports.ts';
import { encodeCommand, Push, RedisRefusal, RespReader, type Reply } from './resp.ts';

/** Where a Redis is, and how to be let in. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
}

/** What a link tells. After `closed` it tells nothing more. */
export interface LinkListener {
  /** From now on it can be asked to subscribe. */
  ready(): void;
  message(channel: string, payload: Buffer): void;
  /** Redis ended a subscription: the channel's slot is elsewhere. */
  moved(channel: string): void;
  /** It was lost, or never came about. */
  closed(reason: Error): void;
}

interface Command {
  readonly args: readonly string[];
  readonly done: (refusal: RedisRefusal | null) => void;
  /** Called instead of `done` if the link closes first. */
  readonly lost: ((reason: Error) => void) | null;
  /** Replies that are still to come. */
  left: number;
}

/** Milliseconds: between pings, and how long one may stay unanswered. Together the time that a silent death takes. */
const pingEveryMs = 750;
const silentMs = 2000;
const connectMs = 2000;

export function redisAddress(url: string): RedisAddress {
  const { hostname, port, protocol, username, password } = new URL(url);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? 6379 : Number(port),
    tls: protocol === 'rediss:',
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

/**
 * A connection to one Redis that publishes and subscribes to sharded channels and does nothing else. One does both, so
 * that what Redis sends back of what is published here comes with its answer. When it is lost it stays so; it holds no
 * list of what it subscribed to. Whoever has that list makes another.
 */
export class ShardedLink {
  readonly #address: RedisAddress;
  readonly #listener: LinkListener;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #reader = new RespReader();
  readonly #waiting: Command[] = [];
  readonly #timer: NodeJS.Timeout;
  #pinged: { readonly at: number; readonly from: number } | null = null;
  #lastGood: number;
  /** By `performance.now()`. */
  #heardAt = 0;
  /** What is sent in one turn leaves in one write. */
  #outgoing = '';
  #ready = false;
  #closed = false;

  constructor(address: RedisAddress, listener: LinkListener, clock: Clock) {
    this.#address = address;
    this.#listener = listener;
    this.#clock = clock;
    this.#lastGood = clock.now();
    const { host, port } = address;
    // The name is checked against the certificate; an address cannot be one.
    this.#socket = address.tls
      ? connectTls({ host, port, servername: serverName(host) })
      : connect({ host, port });
    this.#socket.setNoDelay(true);
    this.#socket.on(address.tls ? 'secureConnect' : 'connect', () => this.#begin());
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#close(error));
    this.#socket.on('close', () => this.#close(new Error('the connection ended')));
    const started = performance.now();
    this.#timer = setInterval(() => this.#check(started), pingEveryMs).unref();
  }

  get ready(): boolean {
    return this.#ready && !this.#closed;
  }

  /** All that was published up to here on what is subscribed has arrived. Milliseconds since 1970. */
  get lastGood(): number {
    return this.#lastGood;
  }

  /** The channels must be of one slot. `done` is called once, unless the link closes first. */
  subscribe(channels: readonly string[], done: (refusal: RedisRefusal | null) => void): void {
    this.#send(['SSUBSCRIBE', ...channels], channels.length, done);
  }

  unsubscribe(channels: readonly string[]): void {
    this.#send(['SUNSUBSCRIBE', ...channels], channels.length, () => undefined);
  }

  /** `done` is called once: with null when Redis has taken it, else with what became of it as far as is known. */
  publish(channel: string, payload: string, done: (failure: Error | null) => void): void {
    if (this.#closed) done(new Error('the connection has ended'));
    else this.#send(['SPUBLISH', channel, payload], 1, done, done);
  }

  /** Tells nothing more, but of what was published without an answer. */
  destroy(reason = new Error('the connection was ended')): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#outgoing = '';
    this.#socket.destroy();
    for (const { lost } of this.#waiting.splice(0)) lost?.(reason);
  }

  #begin(): void {
    const { username, password } = this.#address;
    const auth = password === '' ? [] : ['AUTH', username === '' ? 'default' : username, password];
    this.#send(['HELLO', '3', ...auth], 1, (refusal) =>
      refusal === null ? this.#welcome() : this.#close(refusal),
    );
  }

  #welcome(): void {
    this.#ready = true;
    this.#ping();
    this.#listener.ready();
  }

  #send(args: readonly string[], replies: number, done: Command['done'], lost: Command['lost'] = null): void {
    if (this.#closed) return;
    this.#waiting.push({ args, done, lost, left: replies });
    if (this.#outgoing === '') process.nextTick(() => this.#flush());
    this.#outgoing += encodeCommand(args);
  }

  #flush(): void {
    if (this.#outgoing !== '') this.#socket.write(this.#outgoing);
    this.#outgoing = '';
  }

  #ping(): void {
    const ping = { at: this.#clock.now(), from: performance.now() };
    this.#pinged = ping;
    this.#send(['PING'], 1, (refusal) => {
      if (refusal !== null) return this.#close(refusal);
      this.#lastGood = ping.at;
      this.#pinged = null;
    });
  }

  #check(started: number): void {
    if (this.#ready && this.#pinged === null) return this.#ping();
    // A ping behind thousands of subscriptions waits for them: as long as answers come, it is alive.
    const since = Math.max(this.#pinged?.from ?? started, this.#heardAt);
    if (performance.now() - since < (this.#ready ? silentMs : connectMs)) return;
    const heardAt = this.#heardAt;
    // After this process itself stood still, the answer is here and only has to be read.
    setImmediate(() => {
      if (this.#heardAt === heardAt) this.#close(new Error('Redis does not answer'));
    });
  }

  #receive(chunk: Buffer): void {
    this.#heardAt = performance.now();
    try {
      for (const reply of this.#reader.read(chunk)) {
        if (this.#closed) return;
        this.#take(reply);
      }
    } catch (error) {
      this.#close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #take(reply: Reply): void {
    if (!(reply instanceof Push)) return this.#answer(reply);
    const [kind, channel, payload] = reply.items;
    if (!Buffer.isBuffer(kind) || !Buffer.isBuffer(channel)) return;
    const name = kind.toString('latin1');
    if (name === 'smessage' && Buffer.isBuffer(payload)) this.#listener.message(channel.toString(), payload);
    else if (name === 'ssubscribe') this.#answer(null);
    else if (name === 'sunsubscribe') this.#unsubscribed(channel.toString());
  }

  /** Asked for, or because the slot moved away: then it comes between the answers. */
  #unsubscribed(channel: string): void {
    const head = this.#waiting[0];
    const asked = head?.args[0] === 'SUNSUBSCRIBE' && head.args.includes(channel, 1);
    if (asked) this.#answer(null);
    else this.#listener.moved(channel);
  }

  #answer(reply: Reply): void {
    const [head] = this.#waiting;
    if (head === undefined) throw new Error('Redis answered what was not asked');
    const refusal = reply instanceof RedisRefusal ? reply : null;
    head.left = refusal === null ? head.left - 1 : 0;
    if (head.left > 0) return;
    this.#waiting.shift();
    head.done(refusal);
  }

  #close(reason: Error): void {
    if (this.#closed) return;
    this.destroy(reason);
    this.#listener.closed(reason);
  }
}

const serverName = (host: string): string => (/^[\d.]+$|:/.test(host) ? '' : host);
