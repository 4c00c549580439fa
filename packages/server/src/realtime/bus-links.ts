import type { Clock } from '../messaging/ports.ts';
import type { RedisRefusal } from '../redis/resp.ts';
import { redisAddress, ShardedLink, type LinkListener, type RedisAddress } from '../redis/sharded-link.ts';
import { slotCount, slotOf, type SlotRange } from '../redis/slots.ts';

export interface LinksDeps {
  readonly url: string;
  /** Asks a cluster who has which slots; null of a Redis that is none. */
  readonly readSlots: (() => Promise<readonly SlotRange[]>) | null;
  /** What the slot of each bucket is computed from. */
  readonly tags: readonly string[];
  readonly clock: Clock;
  readonly listener: LinksListener;
}

export interface LinksListener {
  message: LinkListener['message'];
  moved: LinkListener['moved'];
  /** A link came, or buckets have another owner. */
  changed(): void;
  lost(link: ShardedLink): void;
}

interface Node {
  readonly address: RedisAddress;
  link: ShardedLink | null;
  failures: number;
  /** Not before: by `performance.now()`. */
  retryAt: number;
}

/** Milliseconds: between attempts to connect, from the first to the most, and between looks at a cluster's slots. */
const firstRetryMs = 50;
const mostRetryMs = 500;
const lookEveryMs = 5000;
const lookAgainMs = 250;

/** A connection to each Redis that has some bucket, kept up. */
export class BusLinks {
  readonly #deps: LinksDeps;
  readonly #root: RedisAddress;
  readonly #slots: readonly number[];
  readonly #nodes = new Map<string, Node>();
  /** By bucket. Undefined: nobody is known to have it. */
  #owners: readonly (Node | undefined)[] = [];
  #lookAt = 0;
  #looking = false;
  #closed = false;

  constructor(deps: LinksDeps) {
    this.#deps = deps;
    this.#root = redisAddress(deps.url);
    this.#slots = deps.tags.map(slotOf);
    if (deps.readSlots === null) {
      const only = this.#node(this.#root);
      this.#owners = deps.tags.map(() => only);
    }
  }

  /** The link that a bucket's channels are to be subscribed on, if it works. */
  linkOf(bucket: number): ShardedLink | null {
    const link = this.#owners[bucket]?.link ?? null;
    return link?.ready === true ? link : null;
  }

  /** Does what is due. To be called several times a second; never throws. */
  tend(): void {
    if (this.#closed) return;
    if (this.#deps.readSlots !== null && performance.now() >= this.#lookAt)
      void this.#look(this.#deps.readSlots);
    for (const node of this.#nodes.values())
      if (node.link === null && performance.now() >= node.retryAt) this.#connect(node);
  }

  /** The cluster's slots may have moved: looks soon. */
  suspect(): void {
    this.#lookAt = Math.min(this.#lookAt, performance.now() + lookAgainMs);
  }

  /** Takes Redis' word (`MOVED slot host:port`) for who has a bucket now. Its link, if that works. */
  redirect(bucket: number, { message }: RedisRefusal): ShardedLink | null {
    this.suspect();
    const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(message) ?? [];
    if (host === undefined || this.#deps.readSlots === null || this.#closed) return null;
    const owner = this.#nodeAt(host, Number(port));
    this.#owners = this.#owners.with(bucket, owner);
    return this.linkOf(bucket);
  }

  close(): void {
    this.#closed = true;
    for (const { link } of this.#nodes.values()) link?.destroy();
    this.#nodes.clear();
    this.#owners = [];
  }

  /** A node of the cluster, as it names itself. */
  #nodeAt(host: string, port: number): Node {
    return this.#node({ ...this.#root, host: host === '' ? this.#root.host : host, port });
  }

  #node(address: RedisAddress): Node {
    const key = `${address.host} ${address.port}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node: Node = { address, link: null, failures: 0, retryAt: 0 };
    this.#nodes.set(key, node);
    return node;
  }

  #connect(node: Node): void {
    const { listener } = this.#deps;
    const link = new ShardedLink(
      node.address,
      {
        message: (channel, payload) => listener.message(channel, payload),
        moved: (channel) => listener.moved(channel),
        ready: () => {
          node.failures = 0;
          listener.changed();
        },
        closed: () => {
          node.link = null;
          node.retryAt = performance.now() + Math.min(firstRetryMs * 2 ** node.failures++, mostRetryMs);
          this.suspect();
          listener.lost(link);
        },
      },
      this.#deps.clock,
    );
    node.link = link;
  }

  async #look(readSlots: NonNullable<LinksDeps['readSlots']>): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      this.#settle(await readSlots());
      this.#lookAt = performance.now() + lookEveryMs;
    } catch {
      // The shared connection logs that the cluster is away.
      this.#lookAt = performance.now() + lookAgainMs;
    }
    this.#looking = false;
  }

  #settle(ranges: readonly SlotRange[]): void {
    if (this.#closed) return;
    const owners: (Node | undefined)[] = Array.from({ length: slotCount });
    for (const { first, last, host, port } of ranges) owners.fill(this.#nodeAt(host, port), first, last + 1);
    this.#owners = this.#slots.map((slot) => owners[slot]);
    for (const [key, node] of this.#nodes) if (!this.#owners.includes(node)) this.#drop(key, node);
    this.tend();
    this.#deps.listener.changed();
  }

  #drop(key: string, { link }: Node): void {
    this.#nodes.delete(key);
    if (link === null) return;
    link.destroy();
    this.#deps.listener.lost(link);
  }
}
