import { Type, type Static, type TSchema } from 'typebox';
import { Id, Nullable, OneOf, Seq, Timestamp, UserId, Version } from './common.ts';
import { Conversation, Participant, SharedConversation } from './conversations.ts';
import { Message, ReadAnswer, SendMessageBody } from './messages.ts';
import { Profile, SyncAnswer } from './sync.ts';
import { userStatuses } from './users.ts';

const RequestId = Type.Optional(
  Type.String({ maxLength: 64, description: 'Repeated in the answer, the ack or the error.' }),
);

const clientFrame = <T extends string, P extends Record<string, TSchema>>(
  type: T,
  properties: P,
  description: string,
) => Type.Object({ type: Type.Literal(type), request_id: RequestId, ...properties }, { description });

const serverFrame = <T extends string, P extends Record<string, TSchema>>(
  type: T,
  properties: P,
  description: string,
) => Type.Object({ type: Type.Literal(type), ...properties }, { description });

/** Everything a client may send over its WebSocket. */
export const clientFrames = {
  join_conversation: clientFrame(
    'join_conversation',
    { conversation_id: Id },
    'Receive typing and status of a conversation on this connection. Answered by `joined_conversation`.',
  ),
  leave_conversation: clientFrame(
    'leave_conversation',
    { conversation_id: Id },
    'Stop receiving them. Answered by `left_conversation`.',
  ),
  typing_start: clientFrame(
    'typing_start',
    { conversation_id: Id },
    'You are typing; repeat it at least every 6 s while you are.',
  ),
  typing_stop: clientFrame('typing_stop', { conversation_id: Id }, 'You have stopped typing.'),
  message_read: clientFrame(
    'message_read',
    { message_id: Id, conversation_id: Type.Optional(Id) },
    'You have read this message and all before it; if you name the conversation, it must be that of the message. Answered, where it carries a `request_id`, by `read_ack`.',
  ),
  send_message: clientFrame(
    'send_message',
    { conversation_id: Id, ...SendMessageBody.properties },
    'Send a message. Answered by `message_ack` once it is durable.',
  ),
  resume: clientFrame(
    'resume',
    { cursor: Type.String({ minLength: 1, maxLength: 512 }) },
    'Catch up since this cursor. Answered by `sync`, once or more often; events wait meanwhile, and go on after the last.',
  ),
  refresh_token: clientFrame(
    'refresh_token',
    { token: Type.String({ minLength: 1 }) },
    'Go on with a newer token of the same person. Answered by `token_refreshed`.',
  ),
  ping: clientFrame('ping', {}, 'Answered by `pong`.'),
} as const;

const change = { conversation_id: Id, version: Version };

/** Everything the server may send. Those with a `version` are durable changes and arrive in its order. */
export const serverFrames = {
  connected: serverFrame(
    'connected',
    { user_id: UserId, connection_id: Id, cursor: Type.String(), server_time: Timestamp },
    'The first frame.',
  ),
  new_message: serverFrame(
    'new_message',
    { ...change, message: Message },
    'A message was sent. If it is a reply, its parent now counts one reply more.',
  ),
  message_updated: serverFrame(
    'message_updated',
    { ...change, message: Message },
    'A message was edited. Replies to it now begin with the new text in `reply_to_content`.',
  ),
  message_deleted: serverFrame(
    'message_deleted',
    { ...change, message_id: Id, message: Message },
    'A message was deleted; `message` is its tombstone. `reply_to_content` of replies to it is null from now on.',
  ),
  conversation_created: serverFrame(
    'conversation_created',
    { ...change, conversation: Conversation },
    'A conversation that you are in was opened.',
  ),
  conversation_updated: serverFrame(
    'conversation_updated',
    { ...change, conversation: SharedConversation },
    'Its title, metadata or archiving changed.',
  ),
  conversation_deleted: serverFrame('conversation_deleted', change, 'It is gone for everybody.'),
  participant_added: serverFrame(
    'participant_added',
    {
      ...change,
      participant: Participant,
      participant_count: Type.Integer(),
      conversation: Type.Optional(Conversation),
    },
    'Somebody joined; the newcomer receives the `conversation` too.',
  ),
  participant_updated: serverFrame(
    'participant_updated',
    { ...change, participant: Participant },
    "Somebody's role or mute changed.",
  ),
  participant_removed: serverFrame(
    'participant_removed',
    { ...change, user_id: UserId, participant_count: Type.Integer() },
    'Somebody left or was removed; the last frame of this conversation for that person.',
  ),
  message_read: serverFrame(
    'message_read',
    { conversation_id: Id, message_id: Id, user_id: UserId, last_seq: Seq },
    'Somebody has read up to `last_seq`. In a conversation of more than 200 people to their own connections alone.',
  ),
  message_delivered: serverFrame(
    'message_delivered',
    { conversation_id: Id, user_id: UserId, last_seq: Seq },
    "Messages up to `last_seq` reached one of somebody's devices. In a conversation of more than 200 people to their own connections alone; its receipts have the counts.",
  ),
  user_updated: serverFrame(
    'user_updated',
    Profile.properties,
    'The name or avatar changed of somebody with whom you share a conversation.',
  ),
  typing_start: serverFrame(
    'typing_start',
    { user_id: UserId, conversation_id: Id },
    'Somebody is typing. To those who joined the conversation.',
  ),
  typing_stop: serverFrame(
    'typing_stop',
    { user_id: UserId, conversation_id: Id },
    'Somebody stopped typing. To those who joined the conversation.',
  ),
  user_status_change: serverFrame(
    'user_status_change',
    {
      user_id: UserId,
      status: OneOf(userStatuses),
      is_typing: Type.Boolean(),
      conversation_id: Nullable(Id),
      last_seen_at: Nullable(Timestamp),
    },
    'Somebody came, went, changed their status, or started or stopped typing in `conversation_id`.',
  ),
  joined_conversation: serverFrame(
    'joined_conversation',
    { conversation_id: Id, request_id: RequestId },
    'The answer to `join_conversation`.',
  ),
  left_conversation: serverFrame(
    'left_conversation',
    { conversation_id: Id, request_id: RequestId },
    'The answer to `leave_conversation`; also sent, without `request_id`, when you are removed.',
  ),
  message_ack: serverFrame(
    'message_ack',
    { request_id: RequestId, message: Message, replayed: Type.Boolean() },
    'The answer to `send_message`: the message is durable.',
  ),
  read_ack: serverFrame(
    'read_ack',
    { request_id: RequestId, ...ReadAnswer.properties },
    'The answer to `message_read`.',
  ),
  sync: serverFrame(
    'sync',
    { request_id: RequestId, ...SyncAnswer.properties },
    'The answer to `resume`, the same as that of `GET /api/sync`. While `has_more`, the next one follows by itself.',
  ),
  token_refreshed: serverFrame(
    'token_refreshed',
    { request_id: RequestId, expires_at: Timestamp },
    'The answer to `refresh_token`.',
  ),
  pong: serverFrame('pong', { request_id: RequestId, server_time: Timestamp }, 'The answer to `ping`.'),
  error: serverFrame(
    'error',
    {
      message: Type.String(),
      code: Type.String(),
      request_id: RequestId,
      retry_after: Type.Optional(Type.Integer({ description: 'Seconds.' })),
      errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
    },
    'A frame of yours was refused; the connection stays.',
  ),
} as const;

export type ClientFrames = { [K in keyof typeof clientFrames]: Static<(typeof clientFrames)[K]> };
export type ClientFrame = ClientFrames[keyof ClientFrames];
export type ServerFrames = { [K in keyof typeof serverFrames]: Static<(typeof serverFrames)[K]> };
export type ServerFrame = ServerFrames[keyof ServerFrames];

/** The durable changes of a conversation: each takes the next `version`. */
export type ConversationChange = Extract<ServerFrame, { version: number }>;
