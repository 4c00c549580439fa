import { Type, type Static } from 'typebox';
import {
  ClientId,
  Id,
  Metadata,
  Nullable,
  OneOf,
  Seq,
  Timestamp,
  UserId,
  Version,
  listOf,
  text,
} from './common.ts';
import { limits } from './limits.ts';
import { Message } from './messages.ts';

export const conversationTypes = ['direct', 'group'] as const;
export const participantRoles = ['participant', 'admin', 'moderator'] as const;
export type ParticipantRole = (typeof participantRoles)[number];

export const Participant = Type.Object(
  {
    user_id: UserId,
    display_name: Type.String(),
    avatar_url: Nullable(Type.String()),
    role: OneOf(participantRoles),
    is_muted: Type.Boolean(),
    joined_at: Timestamp,
    joined_seq: Type.Integer({ minimum: 0, description: 'Messages up to here were sent before they came.' }),
    last_read_seq: Seq,
    last_delivered_seq: Seq,
  },
  { $id: 'Participant' },
);
export type Participant = Static<typeof Participant>;

/** What everybody in a conversation sees alike; events carry this, so that they are encoded once for all. */
const shared = {
  id: Id,
  type: OneOf(conversationTypes),
  title: Nullable(Type.String()),
  created_by: UserId,
  created_at: Timestamp,
  updated_at: Timestamp,
  last_message_at: Timestamp,
  is_archived: Type.Boolean(),
  is_deleted: Type.Boolean(),
  metadata: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
  participant_count: Type.Integer({ minimum: 0 }),
  last_seq: Seq,
  version: Version,
};

export const SharedConversation = Type.Object(shared, { $id: 'SharedConversation' });
export type SharedConversation = Static<typeof SharedConversation>;

export const Conversation = Type.Object(
  {
    ...shared,
    participants: Type.Array(Participant, {
      description: `The ${limits.participantsShown} longest-standing; the rest are listed by their own endpoint.`,
    }),
    last_message: Nullable(Message),
    my_role: Nullable(OneOf(participantRoles)),
    unread_count: Type.Integer({ minimum: 0 }),
  },
  { $id: 'Conversation' },
);
export type Conversation = Static<typeof Conversation>;
export const ConversationList = listOf('conversations', Conversation);
export type ConversationList = Static<typeof ConversationList>;

const Title = text({ minLength: 1, maxLength: limits.titleLength });

export const CreateConversationBody = Type.Object({
  type: OneOf(conversationTypes),
  title: Type.Optional(Nullable(Title)),
  participant_ids: Type.Optional(Type.Array(UserId, { maxItems: limits.participantsPerCall })),
  metadata: Type.Optional(Nullable(Metadata)),
  client_id: Type.Optional(ClientId),
});
export type CreateConversationBody = Static<typeof CreateConversationBody>;

export const UpdateConversationBody = Type.Object({
  title: Type.Optional(Nullable(Title)),
  is_archived: Type.Optional(Type.Boolean()),
  metadata: Type.Optional(Nullable(Metadata)),
});
export type UpdateConversationBody = Static<typeof UpdateConversationBody>;

export const AddParticipantBody = Type.Object({
  user_id: UserId,
  role: Type.Optional(Type.Unsafe<ParticipantRole>({ ...OneOf(participantRoles), default: 'participant' })),
  client_id: Type.Optional(ClientId),
});
export type AddParticipantBody = Static<typeof AddParticipantBody>;

export const UpdateParticipantBody = Type.Object({
  role: Type.Optional(OneOf(participantRoles)),
  is_muted: Type.Optional(Type.Boolean()),
});
export type UpdateParticipantBody = Static<typeof UpdateParticipantBody>;

export const ParticipantList = listOf('participants', Participant);
export type ParticipantList = Static<typeof ParticipantList>;
