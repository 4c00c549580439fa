import type { Log } from './listener.ts';
import type { PresenceScripts } from './presence-scripts.ts';

export interface BurialDeps {
  readonly scripts: Pick<PresenceScripts, 'reap' | 'reaped'>;
  /** People at a time. */
  readonly batch: number;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly tellGone: (userIds: readonly string[], seenAt: number) => Promise<void>;
}

/** Sees off the people of dead nodes who are nowhere else: each node is buried by one survivor, or two if one dies at it. */
export class Burial {
  readonly #deps: BurialDeps;
  #work: Promise<void> | null = null;
  #closed = false;

  constructor(deps: BurialDeps) {
    this.#deps = deps;
  }

  /** Unless it is at it. A node that is left half buried is found again at the next renewal, here or by another. */
  begin(nodes: readonly string[]): void {
    if (nodes.length === 0 || this.#closed) return;
    this.#work ??= this.#bury(nodes).finally(() => (this.#work = null));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
  }

  async #bury(nodes: readonly string[]): Promise<void> {
    const { log } = this.#deps;
    for (const node of nodes) {
      try {
        const people = await this.#buryOne(node);
        if (people !== null) log.info({ node, people }, 'a node is gone, and with it its people');
      } catch (err) {
        log.warn({ err, node }, 'the people of a node that is gone could not be seen off');
      }
    }
  }

  /** How many people went; null if it is another's to do, or to end. */
  async #buryOne(node: string): Promise<number | null> {
    const { scripts, batch, tellGone } = this.#deps;
    let count = 0;
    while (!this.#closed) {
      const found = await scripts.reap(node, batch);
      if (found === null) return null;
      if (found.userIds.length === 0) return count;
      await tellGone(found.gone, found.seenAt);
      // Only now: what could not be told is to be tried again.
      await scripts.reaped(node, found.userIds);
      count += found.gone.length;
    }
    return null;
  }
}
