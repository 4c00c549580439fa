/** One measurement of one subject: what was measured, by name. */
export type Sample = Readonly<Record<string, number>>;

/** The same, several times over, in the order of the rounds. */
export type Series = readonly Sample[];

/** The value below which a part (0 to 1) of these lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
};

export const valuesOf = (series: Series, figure: string): number[] =>
  series.map((sample) => sample[figure] ?? NaN);

export const medianOf = (series: Series, figure: string): number => median(valuesOf(series, figure));

/** Seconds of load after which V8 has compiled what is hot, on a slow machine, too: what comes before is no lasting rate. */
const compiledAfter = 8;

/** Does something that takes `seconds` until what it needs is compiled. */
export async function warmUp(seconds: number, work: () => Promise<unknown>): Promise<void> {
  for (let passed = 0; passed < compiledAfter; passed += seconds) await work();
}

/**
 * Measures each subject once a round, one after the other, so that what changes on the machine meanwhile meets all of
 * them. A first round warms up and is thrown away, unless there is to be none.
 */
export async function interleave<Name extends string>(
  rounds: number,
  subjects: Readonly<Record<Name, () => Promise<Sample>>>,
  options: { readonly warmUp?: boolean } = {},
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(subjects) as Name[];
  const all = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = options.warmUp === false ? 1 : 0; round <= rounds; round++) {
    for (const name of names) {
      const sample = await subjects[name]();
      if (round > 0) all[name].push(sample);
    }
  }
  return all;
}
