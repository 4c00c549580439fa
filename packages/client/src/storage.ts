/** What is written: new values by their keys, `null` for those to remove. */
export type Changes = ReadonlyMap<string, unknown>;

/**
 * Where the client keeps what must outlive it: unsent messages, and what it last knew. Values are plain data as
 * `structuredClone` and JSON take it. Each `scope` (a server and a person) stands for itself.
 */
export interface ParleyStorage {
  /** Everything in a scope. */
  load(scope: string): Promise<ReadonlyMap<string, unknown>>;
  /** All of it or nothing, and after what was to be saved before: that is not waited for. */
  save(scope: string, changes: Changes): Promise<void>;
  /** Removes everything in a scope. */
  clear(scope: string): Promise<void>;
}

/** For where there is nothing better. Handed to several clients, it is what they share. */
export function memoryStorage(): ParleyStorage {
  const scopes = new Map<string, Map<string, unknown>>();
  return {
    load: async (scope) => new Map(scopes.get(scope)),
    async save(scope, changes) {
      const kept = scopes.get(scope) ?? new Map<string, unknown>();
      scopes.set(scope, kept);
      for (const [key, value] of changes)
        if (value === null) kept.delete(key);
        else kept.set(key, value);
    },
    clear: async (scope) => void scopes.delete(scope),
  };
}
