import { useEffect, useState } from 'react';
import { sentenceOf } from '../../ui/toast.tsx';

/** What a request answered, or why not; both null until it did. */
export interface Answer<T> {
  readonly value: T | null;
  readonly problem: string | null;
}

/** Asks, and again whenever `ask` is another function; an answer that comes after that counts no more. */
export function useAnswer<T>(ask: () => Promise<T>): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ value: null, problem: null });
  useEffect(() => {
    let isWanted = true;
    ask().then(
      (value) => isWanted && setAnswer({ value, problem: null }),
      (error: unknown) => isWanted && setAnswer({ value: null, problem: sentenceOf(error) }),
    );
    return () => {
      isWanted = false;
    };
  }, [ask]);
  return answer;
}
