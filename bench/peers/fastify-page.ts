/**
 * Fastify with one answer kept in memory as an object, as its documentation teaches: a response schema, by which it is
 * serialised, unless WITH_SCHEMA is 0. No logger, no hooks, no token, no limit. PAGE: a file with the answer as JSON.
 */
import { readFile } from 'node:fs/promises';
import Fastify from 'fastify';
import { envOf } from './env.ts';

const Text = { type: 'string' } as const;
const TextOrNull = { type: ['string', 'null'] } as const;
const Integer = { type: 'integer' } as const;
const Flag = { type: 'boolean' } as const;

const Message = {
  type: 'object',
  properties: {
    id: Text,
    conversation_id: Text,
    seq: Integer,
    version: Integer,
    sender_id: Text,
    sender_name: Text,
    content: Text,
    message_type: Text,
    reply_to_id: TextOrNull,
    reply_to_content: TextOrNull,
    reply_count: Integer,
    created_at: Text,
    updated_at: Text,
    is_edited: Flag,
    is_deleted: Flag,
    metadata: { type: 'object', additionalProperties: true },
    client_id: TextOrNull,
    status: Text,
  },
} as const;

const Participant = {
  type: 'object',
  properties: {
    user_id: Text,
    display_name: Text,
    avatar_url: TextOrNull,
    role: Text,
    is_muted: Flag,
    joined_at: Text,
    joined_seq: Integer,
    last_read_seq: Integer,
    last_delivered_seq: Integer,
  },
} as const;

const Conversation = {
  type: 'object',
  properties: {
    id: Text,
    type: Text,
    title: TextOrNull,
    created_by: Text,
    created_at: Text,
    updated_at: Text,
    last_message_at: Text,
    is_archived: Flag,
    is_deleted: Flag,
    metadata: { type: 'object', additionalProperties: true },
    participant_count: Integer,
    last_seq: Integer,
    version: Integer,
    my_role: Text,
    unread_count: Integer,
    participants: { type: 'array', items: Participant },
    last_message: Message,
  },
} as const;

const Page = {
  type: 'object',
  properties: {
    messages: { type: 'array', items: Message },
    conversations: { type: 'array', items: Conversation },
    page: Integer,
    limit: Integer,
    total: Integer,
    has_more: Flag,
    next_cursor: TextOrNull,
  },
} as const;

const page: unknown = JSON.parse(await readFile(envOf('PAGE'), 'utf8'));
const schema = envOf('WITH_SCHEMA') === '0' ? {} : { response: { 200: Page } };
const app = Fastify();
app.get('/page', { schema }, async () => page);
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
