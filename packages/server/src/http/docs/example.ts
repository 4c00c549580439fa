import { fieldsOf, type SchemaNode } from './schema-nodes.ts';

const conversation = '0197f3a2-6c41-7d1e-9a55-3b0c4f2de871';
const message = '0197f3a9-0b77-7c02-8f4e-61d0a9be5c13';

/** What a field of this name holds in examples, wherever the schema allows it. */
const samples: Readonly<Record<string, unknown>> = {
  avatar_url: 'https://example.com/ana.png',
  client_id: 'd2c1f7b0-1',
  code: 'not_participant',
  connection_id: '0197f3a1-52d9-7b1c-a3b0-0e6f1c9d2a44',
  content: 'Shall we meet at noon?',
  conversation_id: conversation,
  created_by: 'ana',
  cursor: 'MTg0NDY3NDQw',
  display_name: 'Ana Ruiz',
  expires_at: '2026-03-02T10:15:00.000Z',
  is_muted: false,
  last_read_seq: 41,
  last_seq: 42,
  message_id: message,
  participant_count: 3,
  participant_ids: ['ben', 'chen'],
  replayed: false,
  request_id: 'r-7',
  role: 'participant',
  sender_id: 'ana',
  sender_name: 'Ana Ruiz',
  seq: 42,
  status: 'sent',
  title: 'Lunch',
  token: 'eyJhbGciOiJIUzI1NiJ9…',
  type: 'group',
  unread_count: 0,
  user_id: 'ana',
  version: 57,
};

/** The same, where the field stands in a certain object or frame. */
const samplesIn: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Message: { id: message, metadata: {} },
  Conversation: { id: conversation, metadata: {}, my_role: 'admin' },
  SharedConversation: { id: conversation, metadata: {} },
  error: { message: 'Not a participant in this conversation' },
  user_status_change: { status: 'online' },
};

/** Fields whose examples are null where they may be: what a fresh thing does not have yet. */
const usuallyNull = new Set(['reply_to_id', 'reply_to_content', 'last_seen_at', 'metadata']);
/** Optional fields that an example shows; the others are in the table alone. */
const shownOptional = new Set(['request_id', 'client_id', 'title', 'participant_ids', 'role', 'status']);

/** An example that `schema` accepts. `name` is the frame's or the object's. */
export function exampleOf(schema: SchemaNode, name = ''): Record<string, unknown> {
  const fields = fieldsOf(schema).filter((field) => field.required || shownOptional.has(field.name));
  return Object.fromEntries(
    fields.map(({ name: key, inner, nullable }) => {
      if (nullable && usuallyNull.has(key)) return [key, null];
      return [key, valueOf(inner, samplesIn[schema.$id ?? name]?.[key] ?? samples[key])];
    }),
  );
}

function valueOf(schema: SchemaNode, sample: unknown): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined)
    return schema.enum.find((value) => value === sample) ?? schema.default ?? schema.enum[0];
  switch (schema.type) {
    case 'array':
      if (Array.isArray(sample)) return sample;
      return schema.items === undefined ? [] : [valueOf(schema.items, undefined)];
    case 'object':
      return schema.properties === undefined ? (sample ?? {}) : exampleOf(schema);
    case 'boolean':
      return typeof sample === 'boolean' ? sample : false;
    case 'integer':
      return typeof sample === 'number' ? sample : (schema.minimum ?? 0);
    default:
      return typeof sample === 'string' ? sample : textFor(schema);
  }
}

const textFor = ({ format }: SchemaNode): string =>
  format === 'date-time' ? '2026-03-02T09:30:00.000Z' : 'text';
