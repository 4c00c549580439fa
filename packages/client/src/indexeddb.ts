import { toParleyError } from './errors.ts';
import type { ParleyStorage } from './storage.ts';

interface DbRequest<T> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface Store {
  put(value: unknown, key: string[]): unknown;
  delete(key: unknown): unknown;
  getAll(range: unknown): DbRequest<unknown[]>;
  getAllKeys(range: unknown): DbRequest<string[][]>;
}
interface Transaction {
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  readonly error: unknown;
  objectStore(name: string): Store;
  commit?(): void;
}
interface Database {
  onversionchange: (() => void) | null;
  createObjectStore(name: string): unknown;
  transaction(name: string, mode: 'readonly' | 'readwrite'): Transaction;
  close(): void;
}
interface Surroundings {
  readonly indexedDB?: {
    open(name: string, version: number): DbRequest<Database> & { onupgradeneeded: (() => void) | null };
  };
  readonly IDBKeyRange?: { bound(from: unknown[], to: unknown[]): unknown };
}

const store = 'state';

/** In the browser's IndexedDB; null where there is none. Storage that is full or refused costs the memory of it, no more. */
export function indexedDbStorage(name = 'parley'): ParleyStorage | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member is optional
  const { indexedDB, IDBKeyRange } = globalThis as unknown as Surroundings;
  if (indexedDB === undefined || IDBKeyRange === undefined) return null;

  const open = () =>
    new Promise<Database>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(store);
      request.onerror = () => reject(toParleyError(request.error));
      request.onsuccess = () => {
        const database = request.result;
        database.onversionchange = () => database.close();
        resolve(database);
      };
    });
  let opened = open();
  opened.catch(() => undefined);

  const run = async <T>(mode: 'readonly' | 'readwrite', work: (store: Store) => () => T): Promise<T> => {
    const begin = async () => (await opened).transaction(store, mode);
    const transaction = await begin().catch(() => {
      // It was closed meanwhile, by the browser or for somebody who deletes it.
      opened = open();
      return begin();
    });
    const result = work(transaction.objectStore(store));
    // A page that is left does not end it any more.
    transaction.commit?.();
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(toParleyError(transaction.error));
    });
    return result();
  };
  // Arrays sort behind strings.
  const all = (scope: string): unknown => IDBKeyRange.bound([scope], [scope, []]);

  return {
    load: (scope) =>
      run('readonly', (records) => {
        const keys = records.getAllKeys(all(scope));
        const values = records.getAll(all(scope));
        return () => new Map(keys.result.map(([, key = ''], index) => [key, values.result[index]]));
      }),
    save: (scope, changes) =>
      run('readwrite', (records) => {
        for (const [key, value] of changes)
          if (value === null) records.delete([scope, key]);
          else records.put(value, [scope, key]);
        return () => undefined;
      }),
    clear: (scope) =>
      run('readwrite', (records) => {
        records.delete(all(scope));
        return () => undefined;
      }),
  };
}
