import type { Participant } from '@parley/client';
import { fold, matches } from '../conversations/search.ts';

const names = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
const ranks = { admin: 1, moderator: 2, participant: 3 } as const;

/**
 * Oneself first, then by role, then by name. While more are to come, those of a role stay in the order in which they came
 * to the group, so that a page does not push itself between what is being read.
 */
export function sortMembers(
  members: readonly Participant[],
  userId: string | null,
  hasMore: boolean,
): readonly Participant[] {
  const rank = (each: Participant): number => (each.user_id === userId ? 0 : ranks[each.role]);
  return members.toSorted(
    (a, b) => rank(a) - rank(b) || (hasMore ? 0 : names.compare(a.display_name, b.display_name)),
  );
}

/** Those whose name or id has all words of `query`. */
export function findMembers(members: readonly Participant[], query: string): readonly Participant[] {
  const folded = fold(query.trim());
  if (folded === '') return members;
  return members.filter((each) => matches(fold(`${each.display_name} ${each.user_id}`), folded));
}
