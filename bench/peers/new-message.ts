/** The messages that peers make of what they are sent: with the same fields as Parley's, so as many bytes. */
import { randomUUID } from 'node:crypto';

let messages = 0;

/** The frame that tells everybody of a message. */
export function newMessage(conversationId: string, content: string) {
  const seq = ++messages;
  const now = new Date().toISOString();
  return {
    type: 'new_message',
    conversation_id: conversationId,
    version: seq + 1,
    message: {
      id: randomUUID(),
      conversation_id: conversationId,
      seq,
      version: seq + 1,
      sender_id: 'person-1',
      sender_name: 'person-1',
      content,
      message_type: 'text',
      reply_to_id: null,
      reply_to_content: null,
      reply_count: 0,
      created_at: now,
      updated_at: now,
      is_edited: false,
      is_deleted: false,
      metadata: {},
      status: 'sent',
      client_id: null,
    },
  };
}
