import { useEffect, useState } from 'react';

/** Now, in milliseconds since 1970, told anew every so many milliseconds. */
export function useClock(everyMs = 30_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** The day that it is, as a key that changes at midnight, for `Yesterday` to become true. */
export const useToday = (): string => new Date(useClock()).toDateString();
