/** A key of somebody in a conversation. Ids hold no line feed: a conversation's is ours. */
export const personIn = (conversationId: string, userId: string): string => `${conversationId}\n${userId}`;
