import type { SyncPage, SyncRequest } from '../messaging/ports.ts';
import type { Queryable } from './database.ts';
import { earliest, isTooMuch, sizeOf, sinceOf, type Entry, type Unbounded } from './sync-entry.ts';
import { readBoundaries, type Boundary } from './sync-boundaries.ts';
import {
  readCandidates,
  readLeft,
  readOwn,
  readStates,
  type Candidate,
  type ConversationState,
  type OwnState,
  type Since,
} from './sync-reads.ts';

/** Conversations and bytes of one page; its first conversation is in it whatever its size. */
const pageConversations = 100;
const pageBytes = 1_200_000;

/** One person's page, before what changed is read. */
export interface Draft {
  readonly entries: readonly Entry[];
  readonly removed: SyncPage['removed'];
  readonly next: string | null;
}

/** Which conversations are in each one's page, and how much of them changed. */
export async function readDrafts(tx: Queryable, requests: readonly SyncRequest[]): Promise<Draft[]> {
  const candidates = await readCandidates(tx, requests, pageConversations + 1);
  const left = Map.groupBy(await readLeft(tx, requests), ({ place }) => place);
  const states = await statesOf(tx, candidates);
  const own = Map.groupBy(
    candidates.length === 0 ? [] : await readOwn(tx, requests, candidates),
    ({ place }) => place,
  );
  const pages = requests.map(({ since }, place) => {
    const theirs = own.get(place) ?? [];
    const shown = theirs.slice(0, pageConversations);
    const entries = shown.flatMap((each) => entryOf(each, since, states));
    return { shown, entries, isWhole: shown.length === theirs.length };
  });
  const boundaryOf = await boundariesOf(
    tx,
    pages.flatMap(({ entries }) => entries),
  );
  return pages.map(({ shown, entries, isWhole }, place) => {
    const fitting = cut(entries.map((entry) => ({ ...entry, boundary: boundaryOf(entry) })));
    const isCut = fitting.length < entries.length;
    const last = isCut ? fitting.at(-1)?.state.id : shown.at(-1)?.conversation_id;
    return {
      entries: fitting,
      removed: [
        ...(left.get(place) ?? []).map(({ conversation_id, version }) => ({ conversation_id, version })),
        ...shown.flatMap(({ conversation_id }) => deletion(states.get(conversation_id))),
      ],
      next: isWhole && !isCut ? null : (last ?? null),
    };
  });
}

async function statesOf(
  tx: Queryable,
  candidates: readonly Candidate[],
): Promise<Map<string, ConversationState>> {
  const ids = [...new Set(candidates.map(({ conversationId }) => conversationId))];
  if (ids.length === 0) return new Map();
  return new Map((await readStates(tx, ids)).map((state) => [state.id, state]));
}

function entryOf(own: OwnState, since: number, states: ReadonlyMap<string, ConversationState>): Unbounded[] {
  const state = states.get(own.conversation_id);
  if (state === undefined || state.is_deleted) return [];
  // Who came since has nothing of it yet, or something of before they went.
  return [{ state, own, since: own.joined_xid >= since ? 0 : since }];
}

const deletion = (state: ConversationState | undefined): SyncPage['removed'] =>
  state?.is_deleted === true ? [{ conversation_id: state.id, version: state.version }] : [];

const keyOf = ({ state, since }: Unbounded): string => `${state.id} ${since}`;

/**
 * How much changed in each where a version was taken since. What the earliest who asks does not know is enough for all,
 * unless it is too much: then each of the others is looked at.
 */
async function boundariesOf(
  tx: Queryable,
  entries: readonly Unbounded[],
): Promise<(entry: Unbounded) => Boundary | null> {
  const changed = entries.filter(({ state, since }) => state.xid >= since);
  const first = await readBoundaries(tx, earliest(changed).map(sinceOf));
  const ofEarliest = new Map(first.map((each) => [each.conversationId, each]));
  const places = new Map<string, Since>();
  for (const entry of changed) {
    const boundary = ofEarliest.get(entry.state.id);
    if (boundary !== undefined && isTooMuch(boundary) && entry.since > boundary.since)
      places.set(keyOf(entry), sinceOf(entry));
  }
  const second = await readBoundaries(tx, [...places.values()]);
  const ofOthers = new Map(second.map((each) => [`${each.conversationId} ${each.since}`, each]));
  return (entry) => {
    if (entry.state.xid < entry.since) return null;
    return ofOthers.get(keyOf(entry)) ?? ofEarliest.get(entry.state.id) ?? null;
  };
}

/** As many as fit into a page. */
function cut(entries: readonly Entry[]): readonly Entry[] {
  let total = 0;
  const end = entries.findIndex((entry, index) => (total += sizeOf(entry)) > pageBytes && index > 0);
  return end < 0 ? entries : entries.slice(0, end);
}
