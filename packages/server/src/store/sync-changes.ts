import { limits } from '@parley/protocol';
import type { Queryable } from './database.ts';
import type { Draft } from './sync-draft.ts';
import { earliest, isTooMuch, sinceOf, type Entry, type Found } from './sync-entry.ts';
import type { Boundary } from './sync-boundaries.ts';
import { readCircles } from './sync-circles.ts';
import {
  readChangedMembers,
  readChangedProfiles,
  readPortions,
  type ConversationState,
  type Portion,
} from './sync-reads.ts';

/** What the entries of a chunk are made of: each conversation since the earliest moment that anybody asked for. */
export async function readChanges(tx: Queryable, drafts: readonly Draft[]): Promise<Found> {
  const entries = drafts.flatMap((each) => each.entries);
  const furthest = earliest(entries);
  const [small, large] = [furthest.filter(isSmall), furthest.filter((entry) => !isSmall(entry))];
  const boundaries = fittingOf(entries);
  const portions = furthest.map(({ state }) => portionOf(state, boundaries.get(state.id)));
  const since = Math.min(...large.map((entry) => entry.since));
  const largeIds = large.map(({ state }) => state.id);
  const messages = portions.length === 0 ? [] : await readPortions(tx, portions);
  const members = boundaries.size === 0 ? [] : await readChangedMembers(tx, [...boundaries.values()]);
  const circles = small.length === 0 ? [] : await readCircles(tx, small.map(sinceOf));
  const profiles = large.length === 0 ? [] : await readChangedProfiles(tx, largeIds, since);
  return {
    messages: Map.groupBy(messages, (row) => row.conversation_id),
    members: Map.groupBy(members, (row) => row.conversation_id),
    circles: new Map(circles.map((circle) => [circle.conversation_id, circle])),
    profiles,
  };
}

const isSmall = ({ state }: Entry): boolean => state.participant_count <= limits.receiptAudience;

/** The furthest boundary of each conversation of which what changed is told. */
function fittingOf(entries: readonly Entry[]): ReadonlyMap<string, Boundary> {
  const found = new Map<string, Boundary>();
  for (const { state, boundary } of entries) {
    if (boundary === null || isTooMuch(boundary)) continue;
    const known = found.get(state.id);
    if (known === undefined || boundary.since < known.since) found.set(state.id, boundary);
  }
  return found;
}

/** The last message in any case. */
const portionOf = (state: ConversationState, boundary: Boundary | undefined): Portion => ({
  conversationId: state.id,
  afterSeq: Math.min(boundary?.after_seq ?? Infinity, state.last_seq - 1),
  afterVersion: boundary?.after_version ?? null,
});
