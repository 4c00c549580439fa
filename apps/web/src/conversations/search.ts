import type { Conversation } from '@parley/client';

/** Without accents and case, so that `zoe` finds Zoë. */
export const fold = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ı', 'i').replaceAll('ß', 'ss');

/** Whether each word of `query`, folded, begins or is in `text`, folded. */
export const matches = (text: string, query: string): boolean =>
  query.split(/\s+/).every((word) => text.includes(word));

/** Titles and names of a conversation, folded; kept as long as the conversation is the same. */
const texts = new WeakMap<Conversation, string>();

function textOf(conversation: Conversation, userId: string | null): string {
  const held = texts.get(conversation);
  if (held !== undefined) return held;
  const names = conversation.participants
    .filter((each) => each.user_id !== userId)
    .map((each) => each.display_name);
  const text = fold([conversation.title ?? '', ...names].join('\n'));
  texts.set(conversation, text);
  return text;
}

/** Those whose title or people have all words of `query`. */
export function findConversations(
  conversations: readonly Conversation[],
  query: string,
  userId: string | null,
): readonly Conversation[] {
  const folded = fold(query.trim());
  if (folded === '') return conversations;
  return conversations.filter((each) => matches(textOf(each, userId), folded));
}
