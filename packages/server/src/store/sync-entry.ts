import { limits, type ConversationSync, type Profile, type Watermarks } from '@parley/protocol';
import { statusOf, toMessage, toParticipant, type MessageRow } from './rows.ts';
import type { Boundary } from './sync-boundaries.ts';
import type { Circle } from './sync-circles.ts';
import {
  maxProfiles,
  maxRows,
  type ChangedMessage,
  type ConversationState,
  type MemberState,
  type OwnState,
  type Since,
} from './sync-reads.ts';

/** Bytes of the changed messages of one conversation above which it is to be read anew by its page. */
const maxBytes = 2_000_000;

/** A conversation in somebody's answer. */
export interface Entry {
  readonly state: ConversationState;
  readonly own: OwnState;
  /** The transaction id since which its changes are told; 0 for all of it. */
  readonly since: number;
  /** How much of it changed, at most; null if nothing took a version. */
  readonly boundary: Boundary | null;
}

/** An entry of which it is not known yet how much changed. */
export type Unbounded = Omit<Entry, 'boundary'>;

export const sinceOf = ({ state, since }: Unbounded): Since => ({ conversationId: state.id, since });

/** Of the entries for one conversation that which reaches back furthest. */
export function earliest<E extends Unbounded>(entries: readonly E[]): E[] {
  const found = new Map<string, E>();
  for (const entry of entries) {
    const known = found.get(entry.state.id);
    if (known === undefined || entry.since < known.since) found.set(entry.state.id, entry);
  }
  return [...found.values()];
}

/** Whether more changed than fits. */
export const isTooMuch = ({ messages, members, bytes }: Boundary): boolean =>
  messages > maxRows || members > maxRows || bytes > maxBytes;

/** Bytes that an entry takes, roughly and at most. */
export function sizeOf({ state, boundary }: Entry): number {
  // Itself with its last message, and everybody's receipts.
  const itself = 1500 + Math.min(state.participant_count, limits.receiptAudience) * 120;
  if (boundary === null || isTooMuch(boundary)) return itself;
  return itself + boundary.bytes + boundary.messages * 500 + boundary.members * 250;
}

/** What was read for several entries at once, since the earliest of them. */
export interface Found {
  /** The last message of each conversation is always among them. */
  readonly messages: ReadonlyMap<string, readonly ChangedMessage[]>;
  readonly members: ReadonlyMap<string, readonly MemberState[]>;
  /** Of small conversations. */
  readonly circles: ReadonlyMap<string, Circle>;
  /** Profiles that changed of people of whom some are in large conversations. */
  readonly profiles: readonly (Profile & { readonly conversation_id: string | null; readonly xid: number })[];
}

/** An entry as its reader gets it. */
export function presentEntry(
  entry: Entry,
  found: Found,
  prefix: string,
): { readonly sync: ConversationSync; readonly profiles: readonly Profile[] } {
  const { state, own, since, boundary } = entry;
  const { xid: _, ...shared } = state;
  const circle = found.circles.get(state.id) ?? null;
  const present = (row: MessageRow) => toMessage(row, statusOf(row, circle?.watermarks ?? []), prefix);
  const profiles = profilesOf(entry, circle, found);
  const reset = profiles === null || (boundary !== null && isTooMuch(boundary));
  const isTold = boundary !== null && !reset;
  const members = isTold ? (found.members.get(state.id) ?? []).filter(({ xid }) => xid >= since) : [];
  const rows = (found.messages.get(state.id) ?? []).map(({ xid, ...row }) => ({ xid, row }));
  const last = rows.findLast(({ row }) => row.seq === state.last_seq);
  const isNew = since === 0;
  return {
    sync: {
      conversation_id: state.id,
      version: state.version,
      reset,
      complete: isNew && !reset,
      conversation: {
        ...shared,
        last_message: last === undefined ? null : present(last.row),
        my_role: own.role,
        unread_count: state.last_seq - own.last_read_seq,
      },
      messages: isTold ? rows.filter(({ xid }) => xid >= since).map(({ row }) => present(row)) : [],
      participants: members
        .filter(({ is_out }) => !is_out)
        .toSorted(byStanding)
        .map(participantOf),
      // Who is new to it need not know who was there before.
      removed_user_ids: isNew ? [] : members.filter(({ is_out }) => is_out).map(({ user_id }) => user_id),
      receipts: (circle?.touched ?? [own])
        .filter(({ receipt_xid }) => receipt_xid >= since)
        .map(watermarksOf),
    },
    profiles: reset ? [] : profiles,
  };
}

const byStanding = (a: MemberState, b: MemberState): number =>
  a.standing < b.standing || (a.standing === b.standing && a.user_id < b.user_id) ? -1 : 1;

const participantOf = ({ xid: _x, is_out: _o, standing: _s, ...row }: MemberState) => toParticipant(row);

const watermarksOf = ({ user_id, last_read_seq, last_delivered_seq }: Watermarks): Watermarks => ({
  user_id,
  last_read_seq,
  last_delivered_seq,
});

/** Null if there are too many. Whoever is given all of a conversation is given its people's names with them. */
function profilesOf({ state, since }: Entry, circle: Circle | null, { profiles }: Found): Profile[] | null {
  if (since === 0) return [];
  if (circle !== null) return circle.touched.filter(({ profile_xid }) => profile_xid >= since).map(profileOf);
  const changed = profiles.filter(({ xid }) => xid >= since);
  // Then they were not all looked at.
  if (new Set(changed.map(({ user_id }) => user_id)).size > maxProfiles) return null;
  return changed.filter(({ conversation_id }) => conversation_id === state.id).map(profileOf);
}

const profileOf = ({ user_id, display_name, avatar_url }: Profile): Profile => ({
  user_id,
  display_name,
  avatar_url,
});
