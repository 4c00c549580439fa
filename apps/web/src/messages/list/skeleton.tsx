import { useEffect, useState, type ReactNode } from 'react';

/** Milliseconds for which nothing shows: most of what is loaded is there by then. */
const patience = 200;
const widths = ['long', 'short', 'own', 'long', 'own-short', 'short'] as const;

/** Messages are on their way. */
export function Skeleton(): ReactNode {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patience);
    return () => clearTimeout(timer);
  }, []);
  if (!isLate) return <div className="timeline-skeleton" />;
  return (
    <div className="timeline-skeleton" role="status">
      <span className="hidden-text">Loading messages</span>
      {widths.map((width, n) => (
        <span key={n} className={`skeleton-bubble skeleton-${width}`} />
      ))}
    </div>
  );
}
