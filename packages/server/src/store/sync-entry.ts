import type { ConversationSync, Profile, Watermarks } from '@parley/protocol';
import { statusOf, toMessage, toParticipant, type MessageRow } from './rows.ts';
import {
  maxRows,
  type Boundary,
  type ChangedMessage,
  type Circle,
  type ConversationState,
  type MemberState,
  type OwnState,
} from './sync-reads.ts';

/** A conversation in somebody's answer. */
export interface Entry {
  readonly state: ConversationState;
  readonly own: OwnState;
  /** The transaction id since which its changes are told; 0 for all of it. */
  readonly since: number;
  /** What changed of its messages; null if nothing took a version. */
  readonly boundary: Boundary | null;
}

/** What was read for several entries at once, since the earliest of them. */
export interface Found {
  /** The last message of each conversation is always among them. */
  readonly messages: ReadonlyMap<string, readonly ChangedMessage[]>;
  /** The latest first. */
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
  const changed =
    boundary === null ? [] : (found.members.get(state.id) ?? []).filter(({ xid }) => xid >= since);
  const profiles = profilesOf(entry, circle, found);
  const reset = changed.length > maxRows || (boundary?.count ?? 0) > maxRows || profiles.length > maxRows;
  const rows = (found.messages.get(state.id) ?? []).map(({ xid, ...row }) => ({ xid, row }));
  const last = rows.findLast(({ row }) => row.seq === state.last_seq);
  const told = reset || boundary === null ? [] : rows.filter(({ xid }) => xid >= since);
  return {
    sync: {
      conversation_id: state.id,
      version: state.version,
      reset,
      conversation: {
        ...shared,
        last_message: last === undefined ? null : present(last.row),
        my_role: own.role,
        unread_count: state.last_seq - own.last_read_seq,
      },
      messages: told.map(({ row }) => present(row)),
      participants: reset
        ? []
        : changed
            .filter(({ is_out }) => !is_out)
            .toSorted(byStanding)
            .map(participantOf),
      removed_user_ids: reset ? [] : changed.filter(({ is_out }) => is_out).map(({ user_id }) => user_id),
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

/** Whoever is given all of a conversation is given its people's names with them. */
function profilesOf({ state, since }: Entry, circle: Circle | null, { profiles }: Found): Profile[] {
  if (since === 0) return [];
  if (circle !== null) return circle.touched.filter(({ profile_xid }) => profile_xid >= since).map(profileOf);
  const changed = profiles.filter(({ xid }) => xid >= since);
  // Too many to have looked at them all: the caller sees by their number that it is so.
  if (changed.length > maxRows) return changed.map(profileOf);
  return changed.filter(({ conversation_id }) => conversation_id === state.id).map(profileOf);
}

const profileOf = ({ user_id, display_name, avatar_url }: Profile): Profile => ({
  user_id,
  display_name,
  avatar_url,
});
