import type { Row } from './rows.ts';

/**
 * Whether what came after the row that was the last is one's own, just sent: then the end is shown, however far up one was.
 * Rows that end elsewhere because older or newer ones were read, or let go, are no reason to lead anybody away.
 */
export function endsWithJustSent(rows: readonly Row[], lastKey: string | undefined): boolean {
  const last = rows.at(-1);
  if (last === undefined || last.key === lastKey || !isJustSent(last)) return false;
  if (last.message?.seq === null) return true;
  const before = rows.findLastIndex((row) => row.key === lastKey);
  return before !== -1 && rows.slice(before + 1).every(isJustSent);
}

/** What waits to be sent; or a file, which is posted before there is a message. A text's row is there before it is sent. */
const isJustSent = (row: Row): boolean =>
  row.message !== null && row.isOwn && (row.message.seq === null || row.message.message_type !== 'text');
