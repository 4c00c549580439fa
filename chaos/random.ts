/** Numbers that one seed decides. Each use has a stream of its own, so that none disturbs another. */
export interface Random {
  /** From 0 to 1, 1 left out. */
  next(): number;
  /** From `least` to `most`, both included. */
  whole(least: number, most: number): number;
  pick<T>(items: readonly T[]): T;
  shuffled<T>(items: readonly T[]): T[];
}

export function randomOf(seed: number, ...stream: readonly (string | number)[]): Random {
  const draw = generator([seed, ...stream].join('/'));
  const whole = (least: number, most: number): number => least + Math.floor(draw() * (most - least + 1));
  return {
    next: draw,
    whole,
    pick: (items) => at(items, draw()),
    shuffled: (items) =>
      items
        .map((item) => ({ item, place: draw() }))
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
  };
}

/** The item at a fraction of a list; the list must not be empty. */
export function at<T>(items: readonly T[], fraction: number): T {
  const item = items[Math.min(items.length - 1, Math.floor(fraction * items.length))];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}

/** A key of `weights`, each as likely as its weight says. */
export function weighted<K extends string>(weights: Readonly<Record<K, number>>, fraction: number): K {
  const entries = Object.entries(weights) as [K, number][];
  let rest = fraction * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    rest -= weight;
    if (rest < 0) return key;
  }
  return at(entries, 1)[0];
}

/** sfc32, seeded by an FNV-1a hash of the name. */
function generator(name: string): () => number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  let [a, b, c, counter] = [hash | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}
