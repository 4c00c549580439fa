/** Rows as Postgres answers them, and what clients see of them. */
import type {
  DeliveryStatus,
  Message,
  MessageType,
  Participant,
  ParticipantRole,
  SharedConversation,
} from '@parley/protocol';
import { limits } from '@parley/protocol';
import { presentAttachment } from '../messaging/attachment.ts';

export { statusOf, type Watermark } from '@parley/protocol';

export interface MessageRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly seq: number;
  readonly version: number;
  readonly sender_id: string;
  readonly sender_name: string;
  readonly content: string;
  readonly message_type: MessageType;
  readonly reply_to_id: string | null;
  readonly reply_to_content: string | null;
  readonly reply_count: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly is_edited: boolean;
  readonly is_deleted: boolean;
  readonly metadata: Record<string, unknown>;
  readonly client_id: string | null;
}

/** Metadata as clients see it: what an upload attached gets the addresses under which it is served. */
export const presentMetadata = (
  metadata: Record<string, unknown>,
  prefix: string,
): Record<string, unknown> => {
  const { attachment } = metadata;
  if (typeof attachment !== 'object' || attachment === null) return metadata;
  return { ...metadata, attachment: presentAttachment(attachment, prefix) };
};

interface Sources {
  /** SQL for the sender's name as kept, and for the parent's text cut short. */
  readonly name: string;
  readonly parent: string;
}

const columnsFrom = ({ name, parent }: Sources): string => `
    m.id, m.conversation_id, m.seq, m.version, m.sender_id,
    case when m.sender_id = 'system' then 'System' else coalesce(${name}, m.sender_id) end as sender_name,
    m.content, m.message_type, m.reply_to_id, ${parent} as reply_to_content,
    m.reply_count, m.created_at, m.updated_at, m.is_edited, m.is_deleted, m.metadata, m.client_id`;

const preview = `case when not r.is_deleted then left(r.content, ${limits.replyPreviewLength}) end`;

/** The columns of a `MessageRow`, over `messageSources`. */
export const messageColumns = columnsFrom({ name: 'u.display_name', parent: preview });

/** The same over `m` alone. */
export const messageColumnsAlone = columnsFrom({
  name: '(select u.display_name from parley.users u where u.id = m.sender_id)',
  parent: `(select ${preview} from parley.messages r where r.id = m.reply_to_id)`,
});

export const messageSources = `
  from parley.messages m
  left join parley.users u on u.id = m.sender_id
  left join parley.messages r on r.id = m.reply_to_id`;

/** Selects `MessageRow`s; append a `where` over `m`. */
export const selectMessages = `select ${messageColumns} ${messageSources}`;

/** A time as the protocol writes it; JSON of Postgres has an offset, microseconds, and no zeros at the end. */
export const readTime = (time: string): string => new Date(time).toISOString();

/** A message that came as JSON of Postgres. */
export const readMessage = (row: MessageRow): MessageRow => ({
  ...row,
  created_at: readTime(row.created_at),
  updated_at: readTime(row.updated_at),
});

export const toMessage = (row: MessageRow, status: DeliveryStatus, prefix: string): Message => ({
  ...row,
  metadata: presentMetadata(row.metadata, prefix),
  status,
});

export interface ParticipantRow {
  readonly conversation_id: string;
  readonly user_id: string;
  readonly display_name: string;
  readonly avatar_url: string | null;
  readonly role: ParticipantRole;
  readonly is_muted: boolean;
  readonly joined_at: string;
  readonly joined_seq: number;
  readonly last_read_seq: number;
  readonly last_delivered_seq: number;
}

export const participantColumns = `
  p.conversation_id, p.user_id, coalesce(u.display_name, p.user_id) as display_name, u.avatar_url,
  p.role, p.is_muted, p.joined_at, p.joined_seq, p.last_read_seq, p.last_delivered_seq`;

/** Where somebody stands among the participants, exactly: `joined_at` as clients see it is cut to milliseconds. */
export const standing = `to_char(p.joined_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as standing`;

export const toParticipant = ({ conversation_id: _, ...participant }: ParticipantRow): Participant =>
  participant;

export type ConversationRow = SharedConversation;

export const conversationColumns = `
  c.id, c.type, c.title, c.created_by, c.created_at, c.updated_at, c.last_message_at, c.is_archived, c.is_deleted,
  c.metadata, c.participant_count, c.last_seq, c.version`;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether an id that a client gave can be one of ours; others are simply not found, and never reach Postgres. */
export const isId = (id: string): boolean => uuid.test(id);
