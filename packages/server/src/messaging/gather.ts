interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks for many at once what is asked for one by one: what comes while a question is under way is the next question. Who
 * comes alone waits for nothing. Questions follow each other in the order in which their parts came.
 */
export class Gather<Item, Result> {
  readonly #ask: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #most: number;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #running = false;

  /** `ask` answers a result for each item, in their order; it is given `most` items at a time. */
  constructor(ask: (items: readonly Item[]) => Promise<readonly Result[]>, most = 500) {
    this.#ask = ask;
    this.#most = most;
  }

  get isIdle(): boolean {
    return !this.#running;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // What comes in the same turn is one question.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#next(this.#waiting.splice(0, this.#most));
    this.#running = false;
  }

  async #next(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#ask(batch.map(({ item }) => item));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index];
        if (result === undefined) reject(new Error('fewer answers than questions'));
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
