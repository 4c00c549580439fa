import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';

interface Store<State> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => State;
}

/**
 * What `selector` picks of a store's state; renders again only when that is another one by `isEqual`. The selector may be
 * made anew in each render. `initial`: the state on a server, and while a page takes over what a server rendered.
 */
export function useSelector<State, Slice>(
  { subscribe, getSnapshot }: Store<State>,
  initial: State,
  selector: (state: State) => Slice,
  isEqual: (a: Slice, b: Slice) => boolean = Object.is,
): Slice {
  const shown = useRef<{ readonly slice: Slice } | null>(null);
  // Each render has a memory of its own, as one that React gives up must not disturb what is shown. An equal slice that
  // is shown already is kept: then a new selector alone changes nothing.
  const [read, readInitial] = useMemo(() => {
    let last: { readonly state: State; readonly slice: Slice } | null = null;
    const pick = (state: State): Slice => {
      if (last !== null && Object.is(last.state, state)) return last.slice;
      const slice = selector(state);
      const before = last ?? shown.current;
      last = { state, slice: before !== null && isEqual(before.slice, slice) ? before.slice : slice };
      return last.slice;
    };
    return [() => pick(getSnapshot()), () => pick(initial)];
  }, [getSnapshot, initial, selector, isEqual]);
  const slice = useSyncExternalStore(subscribe, read, readInitial);
  useEffect(() => {
    shown.current = { slice };
  }, [slice]);
  return slice;
}

/** Whether two objects hold the same values, one level deep. */
export function shallowEqual<T extends object>(a: T, b: T): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.is(Reflect.get(a, key), Reflect.get(b, key)))
  );
}

/** The same object until it holds other values. */
export function useSame<T extends object>(next: T): T {
  const [kept, setKept] = useState(next);
  if (shallowEqual(kept, next)) return kept;
  setKept(next);
  return next;
}
