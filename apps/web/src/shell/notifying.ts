import type { Conversation, Message } from '@parley/client';
import { previewOf } from '../conversations/preview.ts';
import { titleOf } from '../ui/format.ts';

/** Milliseconds after which a message is no news: it came while the machine slept. */
const newsMs = 5 * 60_000;

/** Whether a message is one to be told of: somebody else's, just written, and not in the archive. */
export function isNews(
  message: Message,
  conversation: Conversation | null,
  userId: string | null,
  now = Date.now(),
): boolean {
  if (message.sender_id === userId || message.is_deleted || message.message_type === 'system') return false;
  return conversation?.is_archived !== true && now - Date.parse(message.created_at) < newsMs;
}

export interface NotificationText {
  readonly title: string;
  readonly body: string;
}

/** `Bob in Lunch`, and what Bob said in one line. */
export function notificationOf(
  message: Message,
  conversation: Conversation | null,
  userId: string | null,
): NotificationText {
  const { sender_name: sender, content } = message;
  if (conversation === null) return { title: sender, body: content };
  const title = conversation.type === 'group' ? `${sender} in ${titleOf(conversation, userId)}` : sender;
  return { title, body: previewOf({ ...conversation, last_message: message }, userId).text };
}
