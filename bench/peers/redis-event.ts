import type { BusEvent } from '../../packages/server/src/messaging/ports.ts';

const at = '2026-01-01T00:00:00.000Z';

/** A message as a node tells others of it. */
export const messageEvent = (conversationId: string): BusEvent => ({
  audience: { kind: 'conversation', conversationId },
  frame: {
    type: 'new_message',
    conversation_id: conversationId,
    version: 2,
    message: {
      id: '01970000-0000-7000-8000-000000000001',
      conversation_id: conversationId,
      seq: 1,
      version: 2,
      sender_id: 'sender-1',
      sender_name: 'sender-1',
      content: 'A message of a common length, as people write them.',
      message_type: 'text',
      reply_to_id: null,
      reply_to_content: null,
      reply_count: 0,
      created_at: at,
      updated_at: at,
      is_edited: false,
      is_deleted: false,
      metadata: {},
      status: 'sent',
      client_id: null,
    },
  },
});
