import { randomBytes } from 'node:crypto';
import type { Bus, BusEvent, Clock, Topic } from '../messaging/ports.ts';
import type { RedisConnection } from '../redis/redis.ts';
import { readSlots } from '../redis/slots.ts';
import { MemoryBus } from './bus-memory.ts';
import { BusPublisher } from './bus-publisher.ts';
import { BusSubscriber } from './bus-subscriber.ts';
import { ChannelNames } from './bus-topics.ts';
import { decode, nodeIdLength } from './bus-wire.ts';
import type { Log } from './listener.ts';

export interface RedisBusMeter {
  /** So many events did not reach other nodes, or may not have. */
  lost(events: number): void;
  /** So much of what came was not what a node publishes. */
  malformed(count: number): void;
  /** Something may have been missed, and works now. */
  uncertain(): void;
}

export interface RedisBusDeps {
  /** To ask a cluster for its slots. The bus does not close it. */
  readonly redis: RedisConnection;
  readonly config: { readonly url: string; readonly cluster: boolean };
  /** Tells this installation from another on the same Redis: at most some letters and digits, the same on each node. */
  readonly installation: string;
  readonly log: Log;
  readonly meter: RedisBusMeter;
  readonly clock: Clock;
  /** Milliseconds that a topic is still listened to after `unfollow`, so that a reconnect costs nothing. */
  readonly lingerMs?: number;
}

/** Milliseconds: a malformed message is logged once in so long. */
const complainEveryMs = 60_000;
const farewellMs = 250;

/**
 * The bus of many nodes, over sharded pub/sub of Redis 7 or Valkey. What is published here is heard here at once and in
 * order, as on the bus in memory; elsewhere if Redis works, at most twice. A node hears what it follows, and what is for
 * everybody. Redis keeps nothing, and no call waits for it: what can't be sent is dropped.
 *
 * To follow again what was just unfollowed takes effect at once, of which `onUncertain` says nothing.
 */
export class RedisBus implements Bus {
  readonly #deps: RedisBusDeps;
  readonly #local: MemoryBus;
  readonly #nodeId = randomBytes((nodeIdLength * 3) / 4).toString('base64url');
  readonly #names: ChannelNames;
  readonly #publisher: BusPublisher;
  readonly #subscriber: BusSubscriber;
  readonly #uncertain = new Set<(since: number) => void>();
  #complainedAt = -Infinity;

  constructor(deps: RedisBusDeps) {
    const { redis, config, clock, log, meter, lingerMs = 5000 } = deps;
    this.#deps = deps;
    this.#local = new MemoryBus(log);
    this.#names = new ChannelNames(deps.installation);
    this.#subscriber = new BusSubscriber({
      url: config.url,
      readSlots: config.cluster ? () => readSlots(redis.client) : null,
      names: this.#names,
      clock,
      log,
      lingerMs,
      onMessage: (_channel, payload) => this.#receive(payload),
      onUncertain: (since) => this.#tellUncertain(since),
    });
    this.#publisher = new BusPublisher({
      nodeId: this.#nodeId,
      send: (channel, payload, done) => this.#subscriber.publish(channel, payload, done),
      ready: (channel) => this.#subscriber.reaches(channel),
      everybody: this.#names.everybody,
      clock,
      log,
      onLost: (events) => meter.lost(events),
    });
    this.#subscriber.follow(this.#names.everybody);
  }

  /** Channels that are listened to. */
  get size(): number {
    return this.#subscriber.size;
  }

  /** Whether all that is followed is heard, as far as is known. */
  get whole(): boolean {
    return this.#subscriber.whole;
  }

  /** What waits for Redis to take it, in characters: bounded. */
  get waiting(): number {
    return this.#publisher.waiting;
  }

  publish(event: BusEvent): void {
    this.#local.publish(event);
    this.#publisher.publish(this.#names.for(event), event);
  }

  subscribe(listener: (event: BusEvent) => void): () => void {
    return this.#local.subscribe(listener);
  }

  follow(topic: Topic): void {
    this.#subscriber.follow(this.#names.of(topic));
  }

  unfollow(topic: Topic): void {
    this.#subscriber.unfollow(this.#names.of(topic));
  }

  onUncertain(listener: (since: number) => void): () => void {
    this.#uncertain.add(listener);
    return () => this.#uncertain.delete(listener);
  }

  async close(): Promise<void> {
    this.#uncertain.clear();
    await this.#publisher.close(farewellMs);
    this.#subscriber.close();
    await this.#local.close();
  }

  #receive(payload: Buffer): void {
    const { events, lostForMs, malformed } = decode(this.#nodeId, payload);
    if (malformed > 0) this.#complain(malformed);
    for (const event of events) this.#local.publish(event);
    if (lostForMs !== null) this.#tellUncertain(this.#deps.clock.now() - lostForMs);
  }

  #complain(count: number): void {
    this.#deps.meter.malformed(count);
    if (performance.now() - this.#complainedAt < complainEveryMs) return;
    this.#complainedAt = performance.now();
    this.#deps.log.warn({ count }, 'dropped what came over Redis and is no event of this version');
  }

  #tellUncertain(since: number): void {
    this.#deps.meter.uncertain();
    for (const listener of this.#uncertain) {
      try {
        listener(since);
      } catch (err) {
        this.#deps.log.error({ err }, 'a listener of the bus failed');
      }
    }
  }
}
