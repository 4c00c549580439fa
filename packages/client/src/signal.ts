/** Tells listeners that something changed, once for all that changes in one turn. */
export class Signal {
  readonly #listeners = new Set<() => void>();
  #isDue = false;

  /** Answers how to stop listening. */
  subscribe(listener: () => void): () => void {
    // The same function may be given twice.
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  fire(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      for (const listener of this.#listeners) guard(listener);
    });
  }
}

/** Runs what an app handed over: its errors are told to the app, and don't keep this client from its work. */
export function guard(work: () => void): void {
  try {
    work();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
