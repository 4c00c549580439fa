import type { Bus, Topic } from '../messaging/ports.ts';

/** Sweeps for which a topic is followed after its last use: whoever reconnects at once finds it followed. */
const lingering = 4;

/** What this node follows on the bus. */
export class Follows {
  readonly #bus: Pick<Bus, 'follow' | 'unfollow'>;
  readonly #released = new Map<string, { readonly topic: Topic; sweeps: number }>();

  constructor(bus: Pick<Bus, 'follow' | 'unfollow'>) {
    this.#bus = bus;
  }

  follow(topic: Topic): void {
    if (this.#released.size === 0 || !this.#released.delete(keyOf(topic))) this.#bus.follow(topic);
  }

  /** Ends, a little later, what `follow` began. */
  release(topic: Topic): void {
    this.#released.set(keyOf(topic), { topic, sweeps: 0 });
  }

  /** To be called at equal intervals of about half a second. */
  sweep(): void {
    for (const [key, released] of this.#released) {
      if (++released.sweeps < lingering) continue;
      this.#released.delete(key);
      this.#bus.unfollow(released.topic);
    }
  }
}

const keyOf = ({ kind, id }: Topic): string => `${kind} ${id}`;
