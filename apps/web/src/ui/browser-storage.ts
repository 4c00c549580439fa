/** A browser's storage. Where the browser allows none, what is kept lasts until the page is left, and nothing breaks. */
class BrowserStorage {
  readonly #storage: () => Storage;
  /** What the browser did not take. */
  readonly #rest = new Map<string, string>();

  constructor(storage: () => Storage) {
    this.#storage = storage;
  }

  getItem(key: string): string | null {
    return this.#rest.get(key) ?? this.#try((storage) => storage.getItem(key)) ?? null;
  }

  setItem(key: string, value: string): void {
    const isTaken = this.#try((storage) => {
      storage.setItem(key, value);
      return true;
    });
    if (isTaken === true) this.#rest.delete(key);
    else this.#rest.set(key, value);
  }

  removeItem(key: string): void {
    this.#rest.delete(key);
    this.#try((storage) => storage.removeItem(key));
  }

  /** What this app wrote under `key`, or null. */
  read<T>(key: string): T | null {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `write`, under a name of ours
      return JSON.parse(this.getItem(key) ?? 'null') as T | null;
    } catch {
      return null;
    }
  }

  write(key: string, value: object): void {
    this.setItem(key, JSON.stringify(value));
  }

  /** Undefined where storage is blocked or full. */
  #try<T>(act: (storage: Storage) => T): T | undefined {
    try {
      return act(this.#storage());
    } catch {
      return undefined;
    }
  }
}

/** For this browser. */
export const kept = new BrowserStorage(() => localStorage);

/** For this window alone: it outlives a reload, and another window has its own. */
export const keptInWindow = new BrowserStorage(() => sessionStorage);
