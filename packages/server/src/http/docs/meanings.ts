import type { Field } from './schema-nodes.ts';

/** What a field means wherever it stands, for those whose name says it and whose schema doesn't. */
const meanings: Readonly<Record<string, string>> = {
  avatar_url: 'From their token.',
  client_id: 'As its sender gave it.',
  code: 'One of the error codes below.',
  conversation: 'As it now is.',
  cursor: 'A point in time to catch up from later.',
  display_name: 'From their token.',
  errors: 'Which fields were wrong, by JSON pointer.',
  is_archived: 'Whether it is kept out of the list.',
  is_deleted: 'Whether it is gone; a message leaves a tombstone.',
  is_edited: 'Whether its text was changed after sending.',
  is_muted: 'Whether they may read but not send.',
  is_typing: 'Whether they are typing at the moment.',
  message: 'A sentence for people.',
  message_type: 'Only the service role sends `system`; uploads make `image` and `file`.',
  metadata: "The application's own.",
  my_role: 'Yours; null for the service role.',
  participant: 'As they now are.',
  participant_count: 'How many people are in it now.',
  replayed: 'Whether this was a retry, answered with the message that was there.',
  reply_count: 'How many messages reply to it.',
  reply_to_content: "The beginning of the other message's text; null once that is deleted.",
  role: 'In this conversation.',
  sender_name: 'As last seen in their token.',
  status: 'What they set, or `offline` without a connection.',
  title: 'Groups have one if they were given one.',
  token: 'Of the same person.',
  type: 'Two people, or any number.',
  unread_count: 'Messages after the last that you have read.',
};

/** The meaning of a field: its schema's own where it has one. */
export const meaningOf = ({ name, schema, inner }: Field): string => {
  if (schema.const !== undefined) return 'Which frame this is.';
  return schema.description ?? inner.description ?? meanings[name] ?? '';
};
