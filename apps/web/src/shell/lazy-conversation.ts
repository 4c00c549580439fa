import { lazy } from 'react';

/** Messages, Markdown and the composer: a third of the code, which the list does without. */
export const loadConversationPage = () =>
  import('../conversations/conversation-page.tsx').then(({ ConversationPage: Page }) => ({ default: Page }));

export const ConversationPage = lazy(loadConversationPage);
