import type { Parley } from '@parley/client';

/** People of one request. */
const most = 100;

/** Whose status the components of one client show: asked for together, and as soon as there is a connection. */
class Watcher {
  readonly #parley: Parley;
  /** How many components show each. */
  readonly #shown = new Map<string, number>();
  /** Those that the client does not keep up to date yet. */
  readonly #due = new Set<string>();
  #stop: (() => void) | null = null;

  constructor(parley: Parley) {
    this.#parley = parley;
  }

  /** Answers how to end that. */
  add(ids: readonly string[]): () => void {
    for (const id of ids) {
      const count = this.#shown.get(id) ?? 0;
      this.#shown.set(id, count + 1);
      if (count === 0) this.#due.add(id);
    }
    this.#stop ??= this.#parley.on('connection', ({ status }) => this.#moved(status));
    queueMicrotask(() => this.#ask());
    return () => this.#remove(ids);
  }

  #remove(ids: readonly string[]): void {
    for (const id of ids) {
      const count = (this.#shown.get(id) ?? 1) - 1;
      if (count > 0) this.#shown.set(id, count);
      else {
        this.#shown.delete(id);
        this.#due.delete(id);
      }
    }
    if (this.#shown.size > 0) return;
    this.#stop?.();
    this.#stop = null;
  }

  /** A client that is closed forgets whom it watched. */
  #moved(status: string): void {
    if (status === 'closed') for (const id of this.#shown.keys()) this.#due.add(id);
    if (status === 'live') this.#ask();
  }

  #ask(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (let from = 0; from < due.length; from += most) {
      const ids = due.slice(from, from + most);
      this.#parley.watchStatuses(ids).catch(() => {
        for (const id of ids) if (this.#shown.has(id)) this.#due.add(id);
      });
    }
  }
}

const watchers = new WeakMap<Parley, Watcher>();

export function watcherOf(parley: Parley): Watcher {
  const watcher = watchers.get(parley) ?? new Watcher(parley);
  watchers.set(parley, watcher);
  return watcher;
}
