/** Milliseconds that a tab waits for one in which somebody is looking. */
const politeMs = 250;
/** Milliseconds that a claim holds: longer than any tab is late. */
const heldMs = 10_000;

/**
 * True in one of the tabs that ask for this name, and there once. `isFirst`: asks before the others do.
 * Where browsers have no locks, as on an address without TLS, true in each.
 */
export async function claim(name: string, isFirst: boolean): Promise<boolean> {
  if (!('locks' in navigator)) return true;
  if (!isFirst) await pause(politeMs);
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, async (lock) => {
        resolve(lock !== null);
        if (lock !== null) await pause(heldMs);
      })
      .catch(reject);
  });
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
