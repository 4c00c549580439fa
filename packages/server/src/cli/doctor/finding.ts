import { describe } from '../failure.ts';

/** One line of the doctor's report. */
export interface Finding {
  /** `note`: nothing to check, or nothing to mend but good to know. */
  readonly level: 'good' | 'broken' | 'note';
  readonly subject: string;
  readonly text: string;
  /** What to do about it. */
  readonly mend?: string;
}

const symbols = { good: '✓', broken: '✗', note: '–' } as const;

export function render({ level, subject, text, mend }: Finding): string {
  const line = `${symbols[level]} ${subject}: ${text}\n`;
  return mend === undefined ? line : `${line}    → ${mend}\n`;
}

/** How long a check waits for anything on the network, in milliseconds. */
export const patienceMs = 5000;

/** Runs a check; what it throws is a finding too, with `mend` or what that makes of the error. */
export async function finding(
  subject: string,
  mend: string | ((error: unknown) => string),
  check: () => Promise<Finding>,
): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    const advice = typeof mend === 'string' ? mend : mend(error);
    return { level: 'broken', subject, text: describe(error), mend: advice };
  }
}

/** Milliseconds that another clock is ahead of ours, when it said `theirs` somewhere between `from` and `to`. */
export const skewOf = (theirs: number, from: number, to: number): number =>
  theirs > to ? theirs - to : Math.min(theirs - from, 0);
