import type { Series } from './figures.ts';
import { median, medianOf, valuesOf } from './figures.ts';
import type { Stage } from './stage.ts';

/** How much is measured: `short` is what CI runs. */
export interface Plan {
  readonly short: boolean;
  readonly rounds: number;
  /** Of one measurement of a rate. */
  readonly seconds: number;
}

export interface Scenario {
  /** As typed: `npm run bench -- rest-sends`. */
  readonly name: string;
  /** What is measured, and against what, in one line. */
  readonly title: string;
  run(stage: Stage, plan: Plan): Promise<Outcome>;
}

export interface Outcome {
  /** One row of the table each: the name of the subject and its rounds. */
  readonly subjects: Readonly<Record<string, Series>>;
  readonly ratios: readonly Ratio[];
  /** What is to be known to read the figures. */
  readonly notes?: readonly string[];
}

/** A figure of one subject divided by one of another, and what it must be. */
export interface Ratio {
  readonly name: string;
  /** The ratio of the medians. */
  readonly value: number;
  /** The least and the greatest of single rounds, or null where rounds have no pairs. */
  readonly range: readonly [number, number] | null;
  readonly bound: Bound;
}

export interface Bound {
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What it is meant to be. */
  readonly aim?: number;
  /** What CI accepts on a machine of its own, where that is another: a regression of 2 × must still fail. */
  readonly guard?: number;
}

/** `figure` of `ours` ÷ that of `theirs`. */
export function ratio(
  name: string,
  ours: Series,
  theirs: Series,
  figure: string | readonly [string, string],
  bound: Bound,
): Ratio {
  const [mine, other] = typeof figure === 'string' ? [figure, figure] : figure;
  const others = valuesOf(theirs, other);
  const each = valuesOf(ours, mine).map((value, round) => value / (others[round] ?? NaN));
  return {
    name,
    value: medianOf(ours, mine) / median(others),
    range: [Math.min(...each), Math.max(...each)],
    bound,
  };
}

/** Whether it is as it must be; by `guard` where that is given and asked for. */
export function holds({ value, bound }: Ratio, guarded: boolean): boolean {
  const { atLeast, atMost, guard } = bound;
  if (atLeast !== undefined) return value >= ((guarded ? guard : undefined) ?? atLeast);
  if (atMost !== undefined) return value <= ((guarded ? guard : undefined) ?? atMost);
  return true;
}
