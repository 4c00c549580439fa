import type { ReactNode } from 'react';
import { formatDay } from '../../ui/format.ts';
import type { Row } from './rows.ts';

interface FloatingDayProps {
  /** The topmost row in view. */
  readonly row: Row | null;
  readonly isShown: boolean;
}

/** Of which day the messages are that one scrolls past; said nowhere aloud, as the list has it, too. */
export function FloatingDay({ row, isShown }: FloatingDayProps): ReactNode {
  const message = row?.message;
  if (message === undefined || message === null) return null;
  return (
    <div className={`day floating-day${isShown ? ' floating-day-shown' : ''}`} aria-hidden="true">
      <span>{formatDay(message.created_at)}</span>
    </div>
  );
}
