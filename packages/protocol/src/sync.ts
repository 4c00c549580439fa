import { Type, type Static } from 'typebox';
import { Id, Nullable, Seq, UserId, Version } from './common.ts';
import { Conversation, Participant } from './conversations.ts';
import { Message } from './messages.ts';

/** How far somebody has received and read a conversation. Both only ever move forward. */
export const Watermarks = Type.Object(
  { user_id: UserId, last_read_seq: Seq, last_delivered_seq: Seq },
  { $id: 'Watermarks' },
);
export type Watermarks = Static<typeof Watermarks>;

export const Profile = Type.Object(
  { user_id: UserId, display_name: Type.String(), avatar_url: Nullable(Type.String()) },
  { $id: 'Profile' },
);
export type Profile = Static<typeof Profile>;

const { participants: _, ...conversationItself } = Conversation.properties;

/** What changed in a conversation, in its present state. */
export const ConversationSync = Type.Object(
  {
    conversation_id: Id,
    version: Type.Integer({
      minimum: 0,
      description: 'Everything up to this version is in here: an event at or below it is old news.',
    }),
    reset: Type.Boolean({
      description:
        'More changed than fits here, or more than is known. Forget its messages and participants, and read them anew by their pages.',
    }),
    complete: Type.Boolean({
      description:
        'You came to it since: all of it is here. Forget what you may have of it from before, and take this.',
    }),
    conversation: Type.Object(conversationItself, {
      description: 'As it is now. Its participants stand beside it, as far as they changed.',
    }),
    messages: Type.Array(Message, {
      description: 'New, edited, deleted, or with a new reply; by `seq`. Empty with `reset`.',
    }),
    participants: Type.Array(Participant, {
      description: 'Who came, or got another role or mute, in the order of joining. Empty with `reset`.',
    }),
    removed_user_ids: Type.Array(UserId, { description: 'Who is no longer in it.' }),
    receipts: Type.Array(Watermarks, {
      description: 'Watermarks that moved. Of a conversation of more than 200 people your own alone.',
    }),
  },
  { $id: 'ConversationSync' },
);
export type ConversationSync = Static<typeof ConversationSync>;

/** Everything durable that changed for somebody since a cursor, or a page of it. Applying it twice changes nothing. */
export const SyncAnswer = Type.Object(
  {
    cursor: Type.String({ description: 'Where to go on: keep it once this is applied.' }),
    has_more: Type.Boolean({ description: 'Whether there is more now: ask again with the new cursor.' }),
    reset: Type.Boolean({
      description:
        'The cursor is not of this database, or of a time that it has lost. Forget everything, and read your conversations anew.',
    }),
    conversations: Type.Array(ConversationSync, { description: 'What changed in each that did.' }),
    removed: Type.Array(Type.Object({ conversation_id: Id, version: Version }), {
      description: 'Conversations that were deleted, or that you are no longer in.',
    }),
    users: Type.Array(Profile, {
      description: 'People with whom you share a conversation and whose name or avatar changed.',
    }),
  },
  { $id: 'SyncAnswer' },
);
export type SyncAnswer = Static<typeof SyncAnswer>;

export const SyncQuery = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description:
          'From `connected`, or from the answer before. Without one the answer is where to begin: read your conversations after it.',
      }),
    ),
  },
  { additionalProperties: false },
);
