import { Type, type Static } from 'typebox';
import { ClientId, Id, Metadata, Nullable, OneOf, Seq, Timestamp, UserId, listOf, text } from './common.ts';
import { limits } from './limits.ts';

export const messageTypes = ['text', 'image', 'file', 'system'] as const;
export const deliveryStatuses = ['sent', 'delivered', 'read'] as const;

export const Content = text({
  minLength: 1,
  maxLength: limits.contentLength,
  description: 'Kept as sent; its length is counted in code points.',
});

export const Message = Type.Object(
  {
    id: Id,
    conversation_id: Id,
    seq: Seq,
    version: Type.Integer({ description: "The conversation's version at which this message last changed." }),
    sender_id: UserId,
    sender_name: Type.String(),
    content: Type.String({ description: 'Empty once deleted.' }),
    message_type: OneOf(messageTypes),
    reply_to_id: Nullable(Id),
    reply_to_content: Nullable(Type.String()),
    reply_count: Type.Integer({ minimum: 0 }),
    created_at: Timestamp,
    updated_at: Timestamp,
    is_edited: Type.Boolean(),
    is_deleted: Type.Boolean(),
    metadata: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: 'As sent; an upload adds `attachment`. Empty once deleted.',
    }),
    status: OneOf(deliveryStatuses, 'The weakest over the other participants; `sent` above 200 people.'),
    client_id: Nullable(Type.String()),
  },
  { $id: 'Message', description: 'A message, or the tombstone of a deleted one.' },
);
export type Message = Static<typeof Message>;
export type MessageType = Message['message_type'];
export type DeliveryStatus = Message['status'];

export const SendMessageBody = Type.Object({
  content: Content,
  message_type: Type.Optional(Type.Unsafe<MessageType>({ ...OneOf(messageTypes), default: 'text' })),
  reply_to_id: Type.Optional(Nullable(Id)),
  metadata: Type.Optional(Nullable(Metadata)),
  client_id: Type.Optional(ClientId),
});
export type SendMessageBody = Static<typeof SendMessageBody>;

export const EditMessageBody = Type.Object({ content: Content });

export const MessageList = listOf('messages', Message);
export type MessageList = Static<typeof MessageList>;

export const ReadAnswer = Type.Object({
  message_id: Id,
  conversation_id: Id,
  last_read_seq: Seq,
  unread_count: Type.Integer({ minimum: 0 }),
});
export type ReadAnswer = Static<typeof ReadAnswer>;

export const Receipt = Type.Object({
  user_id: UserId,
  display_name: Type.String(),
  delivered_at: Nullable(Timestamp),
  read_at: Nullable(Timestamp),
});
export type Receipt = Static<typeof Receipt>;
/** `delivered_count` and `read_count` are over all participants, not over the page. */
export const ReceiptList = Type.Object({
  ...listOf('receipts', Receipt).properties,
  delivered_count: Type.Integer({ minimum: 0 }),
  read_count: Type.Integer({ minimum: 0 }),
});
export type ReceiptList = Static<typeof ReceiptList>;
