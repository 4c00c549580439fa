import { writeCursor } from '../messaging/cursor.ts';
import type { Page, PageRequest } from '../messaging/ports.ts';

/** Where a page begins, as the last values of its statement: both parts of the cursor, `limit` and `offset`. */
export const pageValues = (
  cursor: readonly [string, string] | null,
  { page, limit }: PageRequest,
): [string | null, string | null, number, number] => [
  cursor?.[0] ?? null,
  cursor?.[1] ?? null,
  // One more than is shown tells whether there is more.
  limit + 1,
  cursor === null ? (page - 1) * limit : 0,
];

/** The rows of a page out of what its statement answered, and how to go on from the last of them. */
export function cutPage<Row>(
  rows: readonly Row[],
  { page, limit }: PageRequest,
  placeOf: (row: Row) => readonly [string, string],
): { readonly shown: readonly Row[]; readonly onward: Pick<Page<Row>, 'hasMore' | 'nextCursor' | 'page'> } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit;
  const nextCursor = hasMore && last !== undefined ? writeCursor(placeOf(last)) : null;
  return { shown, onward: { hasMore, nextCursor, page } };
}
