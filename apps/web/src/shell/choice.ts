import { useSyncExternalStore } from 'react';
import { kept } from '../ui/browser-storage.ts';

/** One of a few values, kept in `localStorage` for this browser, and the same in all its tabs. */
export interface Choice<T extends string> {
  readonly get: () => T;
  readonly set: (value: T) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

/** The first of the values is taken as long as nobody chose. Where the browser keeps nothing, it holds until a reload. */
export function createChoice<T extends string>(key: string, values: readonly [T, ...T[]]): Choice<T> {
  const listeners = new Set<() => void>();
  const tell = (): void => listeners.forEach((listener) => listener());
  const onStorage = (event: StorageEvent): void => {
    if (event.key === key || event.key === null) tell();
  };
  return {
    get: () => values.find((value) => value === kept.getItem(key)) ?? values[0],
    set: (value) => {
      kept.setItem(key, value);
      tell();
    },
    subscribe: (listener) => {
      if (listeners.size === 0) window.addEventListener('storage', onStorage);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) window.removeEventListener('storage', onStorage);
      };
    },
  };
}

export const useChoice = <T extends string>(choice: Choice<T>): T =>
  useSyncExternalStore(choice.subscribe, choice.get);
