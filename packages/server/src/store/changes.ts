import { limits, type ConversationChange, type Message, type Profile } from '@parley/protocol';
import type { ChangeStore, Horizon, MissedChanges, MovedWatermarks } from '../messaging/ports.ts';
import type { Database, Queryable } from './database.ts';
import { readHorizon } from './horizon.ts';
import {
  conversationColumns,
  isId,
  messageColumns,
  messageSources,
  participantColumns,
  statusOf,
  toMessage,
  toParticipant,
  type ConversationRow,
  type MessageRow,
  type ParticipantRow,
  type Watermark,
} from './rows.ts';
import { readWatermarks } from './watermarks.ts';

/** Versions of one conversation that one answer covers at most. */
const maxVersions = 500;

/** A conversation, and the versions that are asked for: those after `after`, up to `upTo`. */
interface Head {
  readonly conversation: ConversationRow;
  readonly infoVersion: number;
  readonly after: number;
  readonly upTo: number;
}

interface PlaceRow {
  readonly conversation_id: string;
  readonly id: string;
  readonly created_version: number;
  readonly content_version: number;
}

interface MemberRow extends ParticipantRow {
  readonly version: number;
  readonly joined_version: number;
  readonly is_gone: boolean;
}

const movedColumns = `p.conversation_id as "conversationId", p.user_id, p.last_read_seq, p.last_delivered_seq,
  m.id as "messageId"`;

/** The message at `last_read_seq` of a participant `p`, as `m`. */
const readMessage = `left join lateral (
  select m.id from parley.messages m
  where m.conversation_id = p.conversation_id and m.seq = p.last_read_seq offset 0
) m on true`;

/** As `xidOf`, by the statement itself. */
const startOf = (epoch: string, xid: string): string =>
  `(select case when t.epoch = ${epoch}::integer then ${xid}::bigint else 0 end from parley.timeline t)::text::xid8`;

/** Reads what changed where no event told of it. Every look-up goes by an index, and costs by what changed. */
export class PostgresChanges implements ChangeStore {
  readonly #db: Database;
  readonly #prefix: string;

  constructor(db: Database, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
  }

  async changedSince(since: Horizon | null) {
    // First, so that what a slow transaction commits after it is found the next time.
    const horizon = await readHorizon(this.#db);
    if (since === null) return { horizon, conversations: [], joined: [] };
    const xid = xidOf(since, horizon);
    const [conversations, joined] = await Promise.all([
      this.#db.query<{ id: string; version: number }>(
        'select c.id, c.version from parley.conversations c where c.activity >= parley.activity_at($1)',
        [xid],
      ),
      this.#db.query<{ conversationId: string; userId: string; version: number }>(
        `select p.conversation_id as "conversationId", p.user_id as "userId", p.joined_version as version
         from (
           select * from parley.conversation_participants p where p.joined_xid >= $1::text::xid8 offset 0
         ) p
         cross join lateral (
           select c.is_deleted from parley.conversations c where c.id = p.conversation_id offset 0
         ) c
         where p.left_at is null and not c.is_deleted`,
        [xid],
      ),
    ]);
    return { horizon, conversations, joined };
  }

  /** With each the message at `last_read_seq`; null where nothing was read. */
  receiptsSince(since: Horizon, conversationIds: readonly string[]) {
    return this.#db.query<MovedWatermarks>(
      `select ${movedColumns}
       from unnest($1::uuid[]) as i (id)
       cross join lateral (
         select c.id, c.participant_count, c.is_deleted from parley.conversations c where c.id = i.id offset 0
       ) c
       cross join lateral (
         select * from parley.conversation_participants p where p.conversation_id = c.id offset 0
       ) p
       ${readMessage}
       where c.participant_count <= ${limits.receiptAudience} and not c.is_deleted
         and p.left_at is null and p.receipt_xid >= ${startOf('$2', '$3')}`,
      [conversationIds.filter(isId), since.epoch, since.xid],
    );
  }

  receiptsOf(
    since: Horizon,
    people: readonly { readonly conversationId: string; readonly userId: string }[],
  ) {
    return this.#db.query<MovedWatermarks>(
      `select ${movedColumns}
       from unnest($1::uuid[], $2::text[]) as i (id, user_id)
       cross join lateral (
         select * from parley.conversation_participants p
         where p.conversation_id = i.id and p.user_id = i.user_id offset 0
       ) p
       ${readMessage}
       where p.left_at is null and p.receipt_xid >= ${startOf('$3', '$4')}`,
      [
        people.map(({ conversationId }) => conversationId),
        people.map(({ userId }) => userId),
        since.epoch,
        since.xid,
      ],
    );
  }

  profilesSince(since: Horizon) {
    return this.#db.query<Profile & { readonly conversationIds: string[] }>(
      `select u.id as user_id, u.display_name, u.avatar_url, coalesce((
         select array_agg(p.conversation_id)
         from (select * from parley.conversation_participants p where p.user_id = u.id offset 0) p
         where p.left_at is null
       ), '{}') as "conversationIds"
       from parley.users u
       where u.xid >= ${startOf('$1', '$2')}`,
      [since.epoch, since.xid],
    );
  }

  async changesAfter(
    places: readonly { readonly conversationId: string; readonly version: number }[],
  ): Promise<MissedChanges[]> {
    const known = places.filter(({ conversationId }) => isId(conversationId));
    if (known.length === 0) return [];
    return this.#db.transact(async (tx) => {
      await tx.query('set transaction isolation level repeatable read read only');
      const heads = await readHeads(tx, known);
      const messages = await readMessages(tx, heads, this.#prefix);
      const members = await readMembers(tx, heads);
      return heads.map((head) => {
        const { id } = head.conversation;
        return toMissed(head, messages.get(id) ?? [], members.get(id) ?? []);
      });
    });
  }
}

/** Of another epoch than the present one, a moment says nothing. */
const xidOf = (since: Horizon, present: Horizon): string =>
  since.epoch === present.epoch ? String(since.xid) : '0';

async function readHeads(
  tx: Queryable,
  places: readonly { readonly conversationId: string; readonly version: number }[],
): Promise<Head[]> {
  const after = new Map(places.map(({ conversationId, version }) => [conversationId, version]));
  const rows = await tx.query<ConversationRow & { info_version: number }>(
    `select ${conversationColumns}, c.info_version
     from unnest($1::uuid[]) as i (id)
     cross join lateral (select * from parley.conversations c where c.id = i.id offset 0) c`,
    [[...after.keys()]],
  );
  return rows.map(({ info_version: infoVersion, ...conversation }) => {
    const from = after.get(conversation.id) ?? conversation.version;
    return {
      conversation,
      infoVersion,
      after: from,
      upTo: Math.max(from, Math.min(conversation.version, from + maxVersions)),
    };
  });
}

/** What the statements that find rows are given: conversations with the versions asked for and those before them. */
const placesOf = (heads: readonly Head[]): readonly unknown[] => [
  heads.map(({ conversation }) => conversation.id),
  heads.map(({ after }) => after),
  heads.map(({ upTo }) => upTo),
];

interface MessageChange {
  readonly message: Message;
  /** The version at which it became as it is, the beginning of what it replies to included. */
  readonly shownAt: number;
  readonly createdVersion: number;
  readonly contentVersion: number;
}

async function readMessages(
  tx: Queryable,
  heads: readonly Head[],
  prefix: string,
): Promise<Map<string, MessageChange[]>> {
  const places = await tx.query<PlaceRow>(`${newMessages} union all ${olderMessages}`, [
    ...placesOf(heads),
    heads.map(({ conversation, after }) =>
      Math.max(1, conversation.last_seq - (conversation.version - after) + 1),
    ),
    heads.map(({ conversation }) => conversation.last_seq + 1),
  ]);
  if (places.length === 0) return new Map();
  const rows = await tx.query<MessageRow & { quoted_version: number | null }>(
    `select ${messageColumns}, r.content_version as quoted_version ${messageSources} where m.id = any ($1)`,
    [places.map(({ id }) => id)],
  );
  const watermarks = await readWatermarks(
    tx,
    heads.map(({ conversation }) => conversation.id),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return Map.groupBy(
    places.flatMap(({ id, created_version, content_version }): MessageChange[] => {
      const found = byId.get(id);
      if (found === undefined) return [];
      const { quoted_version: quotedVersion, ...row } = found;
      const status = statusOf(row, watermarks.get(row.conversation_id) ?? noWatermarks);
      const message = toMessage(row, status, prefix);
      const shownAt = Math.max(message.version, quotedVersion ?? 0);
      return [{ message, shownAt, createdVersion: created_version, contentVersion: content_version }];
    }),
    ({ message }) => message.conversation_id,
  );
}

const noWatermarks: readonly Watermark[] = [];

/**
 * Versions of sending grow with `seq`, which has no gaps: the first message asked for is found by halving the range in
 * which it can be, which is no longer than the number of versions since.
 */
const newMessages = `
  select m.conversation_id, m.id, m.created_version, m.content_version
  from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
    as i (id, after, up_to, low, high)
  cross join lateral (
    with recursive search (low, high) as (
      select i.low, i.high
      union all
      select
        case when m.created_version > i.after then s.low else m.seq + 1 end,
        case when m.created_version > i.after then m.seq else s.high end
      from search s
      cross join lateral (
        select m.seq, m.created_version from parley.messages m
        where m.conversation_id = i.id and m.seq = (s.low + s.high) / 2 offset 0
      ) m
      where s.low < s.high
    )
    select max(low) as first from search
  ) s
  cross join lateral (
    select m.conversation_id, m.id, m.created_version, m.content_version from parley.messages m
    where m.conversation_id = i.id and m.seq >= s.first and m.seq < s.first + i.up_to - i.after offset 0
  ) m
  where m.created_version <= i.up_to`;

/** Edited and deleted ones that were sent before; a reply moves the version of its parent too, but not of its content. */
const olderMessages = `
  select m.conversation_id, m.id, m.created_version, m.content_version
  from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as i (id, after, up_to)
  cross join lateral (
    select m.conversation_id, m.id, m.created_version, m.content_version from parley.messages m
    where m.conversation_id = i.id and m.version > i.after and m.version > m.created_version offset 0
  ) m
  where m.created_version <= i.after and m.content_version > i.after and m.content_version <= i.up_to`;

/** Those who came, went or were changed at these versions, and those who went at a later one. */
async function readMembers(tx: Queryable, heads: readonly Head[]): Promise<Map<string, MemberRow[]>> {
  const rows = await tx.query<MemberRow>(
    `select ${participantColumns}, p.version, p.joined_version, p.left_at is not null as is_gone
     from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as i (id, after, up_to)
     cross join lateral (
       select * from parley.conversation_participants p
       where p.conversation_id = i.id and p.version > i.after offset 0
     ) p
     left join lateral (select * from parley.users u where u.id = p.user_id offset 0) u on true
     where p.version <= i.up_to or p.left_at is not null
       or p.joined_version > i.after and p.joined_version <= i.up_to`,
    placesOf(heads),
  );
  return Map.groupBy(rows, (row) => row.conversation_id);
}

function toMissed(
  head: Head,
  messages: readonly MessageChange[],
  members: readonly MemberRow[],
): MissedChanges {
  const { conversation, after, upTo } = head;
  const isAskedFor = (version: number): boolean => version > after && version <= upTo;
  const frames = [
    ...messages.flatMap((each) => messageFrames(each)),
    ...members.flatMap((row) => memberFrames(row, conversation)),
    ...infoFrames(head),
  ];
  return {
    conversationId: conversation.id,
    upTo,
    participantCount: conversation.participant_count,
    changes: frames
      .filter(({ version }) => isAskedFor(version))
      .sort((one, other) => one.version - other.version),
    joined: members
      .filter(({ joined_version }) => isAskedFor(joined_version))
      .map(({ user_id, joined_version }) => ({ userId: user_id, version: joined_version })),
    gone: members
      .filter(({ is_gone, version }) => is_gone && version > upTo)
      .map(({ user_id, version }) => ({ userId: user_id, version })),
    shownAt: new Map(
      [
        ...messages.flatMap(({ shownAt, createdVersion, contentVersion }) => [
          [createdVersion, shownAt] as const,
          [contentVersion, shownAt] as const,
        ]),
        // An entrance shows them with the role and mute of now.
        ...members.map(({ joined_version, version }) => [joined_version, version] as const),
      ].filter(([version, shownAt]) => shownAt > version),
    ),
  };
}

function messageFrames({ message, createdVersion, contentVersion }: MessageChange): ConversationChange[] {
  const { conversation_id } = message;
  const sent = { type: 'new_message', conversation_id, version: createdVersion, message } as const;
  if (contentVersion === createdVersion) return [sent];
  const change = { conversation_id, version: contentVersion, message };
  return message.is_deleted
    ? [sent, { type: 'message_deleted', message_id: message.id, ...change }]
    : [sent, { type: 'message_updated', ...change }];
}

/** Somebody's entrance shows them as they are now; of who is out again nothing but the leaving is left. */
function memberFrames(row: MemberRow, conversation: ConversationRow): ConversationChange[] {
  const { version, joined_version, is_gone, ...participantRow } = row;
  const where = { conversation_id: conversation.id };
  const { participant_count } = conversation;
  if (is_gone)
    return [{ type: 'participant_removed', ...where, version, user_id: row.user_id, participant_count }];
  const participant = toParticipant(participantRow);
  const frames: ConversationChange[] = [];
  // Who was there from the beginning came with the conversation itself.
  if (joined_version > 1)
    frames.push({
      type: 'participant_added',
      ...where,
      version: joined_version,
      participant,
      participant_count,
    });
  if (version > joined_version) frames.push({ type: 'participant_updated', ...where, version, participant });
  return frames;
}

function infoFrames({ conversation, infoVersion: version }: Head): ConversationChange[] {
  const where = { conversation_id: conversation.id, version };
  if (version <= 1) return [];
  if (conversation.is_deleted) return [{ type: 'conversation_deleted', ...where }];
  // Its version is that of the frame: what comes after it is not old news.
  return [{ type: 'conversation_updated', ...where, conversation: { ...conversation, version } }];
}
