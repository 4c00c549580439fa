import type { ConversationState } from '@parley/client';
import { firstName } from './preview.ts';

/** First names of those who are typing: `Bob, Cara`; empty if nobody is. */
export function typingNames({ typing, participants, conversation }: ConversationState): string {
  if (typing.length === 0) return '';
  const known = participants.length > 0 ? participants : (conversation?.participants ?? []);
  return typing
    .map((id) => firstName(known.find((each) => each.user_id === id)?.display_name ?? 'Somebody'))
    .join(', ');
}
