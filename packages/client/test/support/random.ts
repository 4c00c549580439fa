/** A small generator, so that a failure can be had again by its seed. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Other steps in each run; the name of a test tells which. */
export const freshSeed = Math.floor(Math.random() * 1_000_000);
