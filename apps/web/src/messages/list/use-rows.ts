import { useLayoutEffect, useState } from 'react';
import type { Row } from './rows.ts';
import { nextStep, type Step } from './steps.ts';

interface Shown extends Step {
  readonly wanted: readonly Row[];
  readonly mayDrop: boolean;
  /** Another one when the list must begin anew, elsewhere. */
  readonly generation: number;
}

/** Leads the list to the rows that are wanted, by steps that it can take without losing its place. */
export function useRows(wanted: readonly Row[], mayDrop: boolean): Shown {
  const [shown, setShown] = useState<Shown>(() => ({
    rows: wanted,
    shift: false,
    isFresh: true,
    hasMore: false,
    wanted,
    mayDrop,
    generation: 0,
  }));
  const isBehind = shown.wanted !== wanted || (mayDrop && !shown.mayDrop && shown.rows !== wanted);
  if (isBehind) setShown((before) => advance(before, wanted, mayDrop));
  useLayoutEffect(() => {
    if (shown.hasMore) setShown((before) => advance(before, before.wanted, before.mayDrop));
  }, [shown]);
  return shown;
}

function advance(shown: Shown, wanted: readonly Row[], mayDrop: boolean): Shown {
  const step = nextStep(shown.rows, wanted, mayDrop);
  return { ...step, wanted, mayDrop, generation: shown.generation + (step.isFresh ? 1 : 0) };
}
