import type { Conversation, Message } from '@parley/client';

/** What a list says of the last message of a conversation. */
export interface Preview {
  /** Who said it, if that is not clear from the conversation. */
  readonly sender: string | null;
  readonly text: string;
  /** `note`: words of the app's own, not of a person. */
  readonly kind: 'message' | 'note';
}

const note = (text: string): Preview => ({ sender: null, text, kind: 'note' });

/** The last message in one line, without markup. */
export function previewOf(conversation: Conversation, userId: string | null): Preview {
  const message = conversation.last_message;
  if (message === null) return note(conversation.last_seq === 0 ? 'No messages yet' : '');
  if (message.is_deleted) return note('Message deleted');
  const text = describe(message);
  if (message.message_type === 'system') return note(text);
  return { sender: senderOf(message, conversation, userId), text, kind: 'message' };
}

function senderOf(message: Message, { type }: Conversation, userId: string | null): string | null {
  if (message.sender_id === userId) return 'You';
  return type === 'group' ? firstName(message.sender_name) : null;
}

/** `Ann` of `Ann Okafor`. */
export const firstName = (name: string): string => name.trim().split(/\s+/)[0] ?? name;

function describe({ message_type: type, content, metadata }: Message): string {
  if (type !== 'image' && type !== 'file') return plainText(content);
  const fileName = fileNameOf(metadata);
  // An upload without a caption has its file's name as its text.
  const caption = content === fileName ? '' : plainText(content);
  if (type === 'file') return caption === '' ? (fileName ?? 'File') : `${fileName ?? 'File'}: ${caption}`;
  return caption === '' ? 'Photo' : `Photo: ${caption}`;
}

function fileNameOf(metadata: Readonly<Record<string, unknown>>): string | null {
  const { attachment } = metadata;
  if (typeof attachment !== 'object' || attachment === null || !('file_name' in attachment)) return null;
  return typeof attachment.file_name === 'string' ? attachment.file_name : null;
}

/** Code points that are looked at; a line shows far fewer. */
const looked = 400;

/** Markdown as one line of plain text: good enough for a glance, whatever the text is. */
export function plainText(markdown: string): string {
  return markdown
    .slice(0, looked)
    .replace(/^\s*(?:`{3,}|~{3,}).*$/gm, ' ')
    .replace(/^\s{0,3}(?:#{1,6}|>+|[-*+]|\d{1,9}[.)])\s+/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(`+)([^`]+)\1/g, '$2')
    .replace(/(\*\*|__|~~)(?=\S)(.*?\S)\1/g, '$2')
    .replace(/(?<![\w*])\*(?=\S)([^*]*\S)\*(?![\w*])/g, '$1')
    .replace(/(?<![\w_])_(?=\S)([^_]*\S)_(?![\w_])/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
}
