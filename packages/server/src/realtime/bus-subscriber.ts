import type { Clock } from '../messaging/ports.ts';
import { RedisRefusal } from '../redis/resp.ts';
import type { ShardedLink } from '../redis/sharded-link.ts';
import type { SlotRange } from '../redis/slots.ts';
import { BusLinks } from './bus-links.ts';
import { bucketCount, type ChannelNames } from './bus-topics.ts';
import type { Log } from './listener.ts';

export interface SubscriberDeps {
  readonly url: string;
  readonly readSlots: (() => Promise<readonly SlotRange[]>) | null;
  readonly names: ChannelNames;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Milliseconds that a channel is still listened to after `unfollow`. */
  readonly lingerMs: number;
  readonly onMessage: (channel: string, payload: Buffer) => void;
  /** What was published since may have been missed; what is from now on will not. */
  readonly onUncertain: (since: number) => void;
}

/** Channels that share a slot. */
interface Bucket {
  readonly wanted: Set<string>;
  /** Those of them that were not asked for yet, while there is a link. */
  added: string[];
  /** On which the others are subscribed, or are being. */
  link: ShardedLink | null;
  /** Commands without an answer; another object after each new beginning. */
  asked: { left: number };
  /** Since when something of it may have been missed; Infinity: nothing was. */
  since: number;
}

/** Milliseconds: what is followed within them is asked for together; likewise what is reported. */
const gatherMs = 3;
const reportMs = 20;
const tendMs = 100;
/** Times that a change is found before it is logged: a failover goes back and forth. */
const steady = 5;
/** Channels of one command: Redis serves nobody else meanwhile. */
const mostOfCommand = 500;

/** Keeps the channels that are wanted subscribed, wherever their slots are. */
export class BusSubscriber {
  readonly #deps: SubscriberDeps;
  readonly #buckets: readonly Bucket[];
  readonly #links: BusLinks;
  /** Channels that nobody follows any more, and until when (`performance.now()`) they are kept. The oldest is first. */
  readonly #lingering = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #gathering: NodeJS.Timeout | null = null;
  #reporting: NodeJS.Timeout | null = null;
  #reported = Infinity;
  #size = 0;
  /** As was logged, and how many times in a row it was found to be otherwise. */
  #isWhole = true;
  #changedFor = 0;

  constructor(deps: SubscriberDeps) {
    this.#deps = deps;
    this.#buckets = Array.from({ length: bucketCount }, () => ({
      wanted: new Set(),
      added: [],
      link: null,
      asked: { left: 0 },
      since: Infinity,
    }));
    this.#links = new BusLinks({
      ...deps,
      tags: this.#buckets.map((_, bucket) => deps.names.tagOf(bucket)),
      listener: {
        message: deps.onMessage,
        moved: (channel) => this.#moved(channel),
        changed: () => this.#place(),
        lost: (link) => this.#lost(link),
      },
    });
    this.#timer = setInterval(() => this.#tend(), tendMs).unref();
    this.#links.tend();
  }

  /** Channels that are wanted, those that linger included. */
  get size(): number {
    return this.#size;
  }

  /** Whether all that is wanted is subscribed. */
  get whole(): boolean {
    return this.#buckets.every(({ since }) => since === Infinity);
  }

  follow(channel: string): void {
    if (this.#lingering.delete(channel)) return;
    const bucket = this.#bucketOf(channel);
    if (bucket === undefined || bucket.wanted.has(channel)) return;
    bucket.wanted.add(channel);
    this.#size++;
    bucket.since = Math.min(bucket.since, this.#deps.clock.now());
    if (bucket.link !== null) bucket.added.push(channel);
    this.#gathering ??= setTimeout(() => this.#place(), gatherMs);
  }

  unfollow(channel: string): void {
    if (this.#lingering.has(channel) || this.#bucketOf(channel)?.wanted.has(channel) !== true) return;
    this.#lingering.set(channel, performance.now() + this.#deps.lingerMs);
  }

  /** Whether the Redis that a channel belongs to is connected. */
  reaches(channel: string): boolean {
    return this.#links.linkOf(this.#deps.names.bucketOf(channel)) !== null;
  }

  /** As `ShardedLink.publish`, over the connection that the channel would be subscribed on. */
  publish(channel: string, payload: string, done: (failure: Error | null) => void): void {
    const bucket = this.#deps.names.bucketOf(channel);
    const link = this.#links.linkOf(bucket);
    if (link === null) return done(new Error('not connected'));
    link.publish(channel, payload, (failure) => {
      const other = failure instanceof RedisRefusal ? this.#links.redirect(bucket, failure) : null;
      if (other === null || other === link) done(failure);
      else other.publish(channel, payload, done);
    });
  }

  close(): void {
    clearInterval(this.#timer);
    for (const timer of [this.#gathering, this.#reporting]) if (timer !== null) clearTimeout(timer);
    this.#links.close();
    for (const bucket of this.#buckets) bucket.wanted.clear();
  }

  #bucketOf(channel: string): Bucket | undefined {
    return this.#buckets[this.#deps.names.bucketOf(channel)];
  }

  // --- asking ---------------------------------------------------------------------------------------------------------

  /** Asks for all that is not yet asked for where it belongs. */
  #place(): void {
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.#gathering = null;
    for (const [index, bucket] of this.#buckets.entries()) {
      const link = this.#links.linkOf(index);
      if (bucket.link !== null && bucket.link !== link) this.#unsettle(bucket);
      if (link === null || bucket.wanted.size === 0) continue;
      const isNew = bucket.link === null;
      const channels = isNew ? [...bucket.wanted] : bucket.added.filter((each) => bucket.wanted.has(each));
      bucket.added = [];
      bucket.link = link;
      this.#ask(bucket, link, channels);
    }
  }

  #ask(bucket: Bucket, link: ShardedLink, channels: readonly string[]): void {
    const { asked } = bucket;
    for (let from = 0; from < channels.length; from += mostOfCommand) {
      bucket.asked.left++;
      link.subscribe(channels.slice(from, from + mostOfCommand), (refusal) =>
        this.#answered(bucket, asked, refusal),
      );
    }
  }

  #answered(bucket: Bucket, asked: Bucket['asked'], refusal: RedisRefusal | null): void {
    if (bucket.asked !== asked) return;
    if (refusal !== null) return this.#refused(bucket, refusal);
    asked.left--;
    if (asked.left > 0 || bucket.added.length > 0) return;
    this.#report(bucket.since);
    bucket.since = Infinity;
  }

  /** `MOVED`, as a rule, or `CLUSTERDOWN`: it is tried again, where its slot is by then. */
  #refused(bucket: Bucket, refusal: RedisRefusal): void {
    this.#unsettle(bucket);
    this.#links.suspect();
    if (!/^(MOVED|CLUSTERDOWN|LOADING)/.test(refusal.message))
      this.#deps.log.warn({ err: refusal }, 'Redis refused a subscription');
  }

  // --- what goes wrong ------------------------------------------------------------------------------------------------

  #unsettle(bucket: Bucket): void {
    if (bucket.link === null) return;
    bucket.since = Math.min(bucket.since, bucket.link.lastGood);
    bucket.link = null;
    bucket.asked = { left: 0 };
    bucket.added = [];
  }

  #moved(channel: string): void {
    const bucket = this.#bucketOf(channel);
    if (bucket === undefined || !bucket.wanted.has(channel)) return;
    this.#unsettle(bucket);
    this.#links.suspect();
  }

  #lost(link: ShardedLink): void {
    for (const bucket of this.#buckets) if (bucket.link === link) this.#unsettle(bucket);
  }

  #tend(): void {
    this.#links.tend();
    this.#place();
    this.#release();
    this.#watch();
  }

  #watch(): void {
    const isWhole = this.#buckets.every(({ link, wanted }) => link !== null || wanted.size === 0);
    this.#changedFor = isWhole === this.#isWhole ? 0 : this.#changedFor + 1;
    if (this.#changedFor < steady) return;
    this.#changedFor = 0;
    this.#isWhole = isWhole;
    if (isWhole) this.#deps.log.info({}, 'this node hears other nodes');
    else this.#deps.log.warn({}, 'this node does not hear all of what other nodes publish');
  }

  // --- letting go, telling --------------------------------------------------------------------------------------------

  #release(): void {
    const gone = new Map<Bucket, string[]>();
    for (const [channel, until] of this.#lingering) {
      if (until > performance.now()) break;
      this.#lingering.delete(channel);
      const bucket = this.#bucketOf(channel);
      if (bucket?.wanted.delete(channel) !== true) continue;
      this.#size--;
      if (bucket.wanted.size === 0) bucket.since = Infinity;
      const channels = gone.get(bucket) ?? [];
      channels.push(channel);
      gone.set(bucket, channels);
    }
    for (const [{ link }, channels] of gone)
      for (let from = 0; from < channels.length; from += mostOfCommand)
        link?.unsubscribe(channels.slice(from, from + mostOfCommand));
  }

  #report(since: number): void {
    this.#reported = Math.min(this.#reported, since);
    if (this.#reported === Infinity) return;
    this.#reporting ??= setTimeout(() => {
      this.#reporting = null;
      const earliest = this.#reported;
      this.#reported = Infinity;
      this.#deps.onUncertain(earliest);
    }, reportMs);
  }
}
