import { limits } from '@parley/protocol';
import type { Horizon, SyncPage, SyncRequest, SyncStore } from '../messaging/ports.ts';
import { Batcher } from './batcher.ts';
import type { Database, Queryable } from './database.ts';
import { readHorizon } from './horizon.ts';
import { presentEntry, type Entry, type Found } from './sync-entry.ts';
import {
  maxRows,
  readBoundaries,
  readCandidates,
  readChangedMembers,
  readChangedProfiles,
  readCircles,
  readLeft,
  readOwn,
  readPortions,
  readStates,
  type Boundary,
  type Candidate,
  type ConversationState,
  type OwnState,
  type Portion,
  type Since,
} from './sync-reads.ts';

/** Conversations and messages of one page; its first conversation is in it whatever its size. */
const pageConversations = 100;
const pageMessages = 2000;
/** Messages that are held for several people at once. */
const chunkMessages = 4000;
/** People who are answered by the same statements at most. */
const maxBatch = 64;

/** One person's page, before what changed is read. */
interface Draft {
  readonly request: SyncRequest;
  readonly entries: readonly Entry[];
  readonly removed: SyncPage['removed'];
  readonly next: string | null;
}

/**
 * Reads what changed for people since a moment. Those who ask at the same time are answered by the same statements, in
 * one transaction on one snapshot, and a conversation that several of them are in is read once. One batch is at work at
 * a time: a storm of clients who come back takes one connection of the pool, and leaves the others to those who send.
 */
export class PostgresSync implements SyncStore {
  readonly #db: Database;
  readonly #prefix: string;
  readonly #batcher: Batcher<SyncRequest, SyncPage>;
  #calls = 0;

  constructor(db: Database, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
    this.#batcher = new Batcher({
      run: (requests) => this.#run(requests),
      // No two have the same: their order is of no matter.
      keyOf: () => String(this.#calls++),
      maxBatch,
      inFlight: 1,
      maxQueue: 20_000,
    });
  }

  horizon(): Promise<Horizon> {
    return readHorizon(this.#db);
  }

  page(request: SyncRequest): Promise<SyncPage> {
    return this.#batcher.add(request);
  }

  #run(requests: readonly SyncRequest[]): Promise<SyncPage[]> {
    return this.#db.transact(async (tx) => {
      await tx.query('set transaction isolation level repeatable read read only');
      const horizon = await readHorizon(tx);
      const drafts = await draft(tx, requests);
      const pages: SyncPage[] = [];
      for (const chunk of inChunks(drafts)) {
        const found = await readChanges(tx, chunk);
        for (const each of chunk) pages.push(this.#present(each, found, horizon));
      }
      return pages;
    });
  }

  #present({ entries, removed, next }: Draft, found: Found, horizon: Horizon): SyncPage {
    const presented = entries.map((entry) => presentEntry(entry, found, this.#prefix));
    const users = new Map(
      presented.flatMap(({ profiles }) => profiles.map((profile) => [profile.user_id, profile])),
    );
    return {
      horizon,
      next,
      conversations: presented.map(({ sync }) => sync),
      removed,
      users: [...users.values()],
    };
  }
}

/** Which conversations are in each one's page, and how much of them changed. */
async function draft(tx: Queryable, requests: readonly SyncRequest[]): Promise<Draft[]> {
  const candidates = await readCandidates(tx, requests, pageConversations + 1);
  const left = Map.groupBy(await readLeft(tx, requests), ({ place }) => place);
  const states = await statesOf(tx, candidates);
  const own = Map.groupBy(
    candidates.length === 0 ? [] : await readOwn(tx, requests, candidates),
    ({ place }) => place,
  );
  const entries = requests.map(({ since }, place) =>
    (own.get(place) ?? []).slice(0, pageConversations).flatMap((each) => entryOf(each, since, states)),
  );
  const boundaries = await boundariesOf(tx, entries.flat());
  return requests.map((request, place) => {
    const theirs = own.get(place) ?? [];
    const shown = theirs.slice(0, pageConversations);
    const bounded = (entries[place] ?? []).map((entry) => ({
      ...entry,
      boundary: boundaries.get(keyOf(entry)) ?? null,
    }));
    const fitting = cut(bounded);
    const last = fitting.length < bounded.length ? fitting.at(-1)?.state.id : shown.at(-1)?.conversation_id;
    const hasMore = fitting.length < bounded.length || shown.length < theirs.length;
    return {
      request,
      entries: fitting,
      removed: [
        ...(left.get(place) ?? []).map(({ conversation_id, version }) => ({ conversation_id, version })),
        ...shown.flatMap(({ conversation_id }) => deletion(states.get(conversation_id))),
      ],
      next: hasMore ? (last ?? null) : null,
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

function entryOf(
  own: OwnState,
  since: number,
  states: ReadonlyMap<string, ConversationState>,
): Omit<Entry, 'boundary'>[] {
  const state = states.get(own.conversation_id);
  if (state === undefined || state.is_deleted) return [];
  // Who came since has nothing of it yet, or something of before they went.
  return [{ state, own, since: own.joined_xid >= since ? 0 : since }];
}

const deletion = (state: ConversationState | undefined): SyncPage['removed'] =>
  state?.is_deleted === true ? [{ conversation_id: state.id, version: state.version }] : [];

const keyOf = ({ state, since }: Omit<Entry, 'boundary'>): string => `${state.id} ${since}`;

/** Only where a version was taken since has any message changed. */
async function boundariesOf(
  tx: Queryable,
  entries: readonly Omit<Entry, 'boundary'>[],
): Promise<Map<string, Boundary>> {
  const places = new Map<string, Since>();
  for (const entry of entries) {
    const { state, since } = entry;
    if (state.xid >= since) places.set(keyOf(entry), { conversationId: state.id, since });
  }
  if (places.size === 0) return new Map();
  const rows = await readBoundaries(tx, [...places.values()]);
  return new Map(rows.map((row) => [`${row.conversationId} ${row.since}`, row]));
}

const sizeOf = ({ boundary }: Entry): number =>
  boundary === null || boundary.count > maxRows ? 0 : boundary.count;

/** As many as fit into a page. */
function cut(entries: readonly Entry[]): readonly Entry[] {
  let total = 0;
  const end = entries.findIndex((entry, index) => (total += sizeOf(entry)) > pageMessages && index > 0);
  return end < 0 ? entries : entries.slice(0, end);
}

/** In portions that are small enough to be held at once. */
function inChunks(drafts: readonly Draft[]): Draft[][] {
  const chunks: Draft[][] = [];
  let room = 0;
  for (const each of drafts) {
    const size = each.entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    const last = chunks.at(-1);
    if (last !== undefined && size <= room) last.push(each);
    else chunks.push([each]);
    room = (last !== undefined && size <= room ? room : chunkMessages) - size;
  }
  return chunks;
}

/** What the entries of a chunk are made of: each conversation since the earliest moment that anybody asked for. */
async function readChanges(tx: Queryable, drafts: readonly Draft[]): Promise<Found> {
  const entries = drafts.flatMap((each) => each.entries);
  const furthest = earliest(entries);
  const changed = earliest(entries.filter(({ boundary }) => boundary !== null));
  const [small, large] = [furthest.filter(isSmall), furthest.filter((entry) => !isSmall(entry))];
  const portions = portionsOf(furthest, entries);
  const since = Math.min(...large.map((entry) => entry.since));
  const largeIds = large.map(({ state }) => state.id);
  const messages = portions.length === 0 ? [] : await readPortions(tx, portions);
  const members = changed.length === 0 ? [] : await readChangedMembers(tx, changed.map(sinceOf));
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

const sinceOf = ({ state, since }: Entry): Since => ({ conversationId: state.id, since });

/** The last message of each conversation, and what changed where that is not too much. */
function portionsOf(furthest: readonly Entry[], entries: readonly Entry[]): Portion[] {
  const fitting = entries.filter(({ boundary }) => boundary !== null && boundary.count <= maxRows);
  const boundaries = new Map(earliest(fitting).map(({ state, boundary }) => [state.id, boundary]));
  return furthest.map(({ state }) => {
    const boundary = boundaries.get(state.id) ?? null;
    return {
      conversationId: state.id,
      afterSeq: Math.min(boundary?.after_seq ?? Infinity, state.last_seq - 1),
      afterVersion: boundary?.after_version ?? null,
    };
  });
}

/** Of the entries for one conversation that which reaches back furthest. */
function earliest(entries: readonly Entry[]): Entry[] {
  const found = new Map<string, Entry>();
  for (const entry of entries) {
    const known = found.get(entry.state.id);
    if (known === undefined || entry.since < known.since) found.set(entry.state.id, entry);
  }
  return [...found.values()];
}
