import type { ServerFrames, UserStatus } from '@parley/protocol';

type StatusFrame = ServerFrames['typing_start' | 'typing_stop' | 'user_status_change'];

/** What an event about typing or presence means for what `GET /users/status` answers of that person. */
export function noteStatus(statuses: Map<string, UserStatus>, frame: StatusFrame): void {
  const userId = frame.user_id;
  if (frame.type === 'user_status_change') {
    const { status, is_typing, conversation_id, last_seen_at } = frame;
    const typing_in_conversation = is_typing ? conversation_id : null;
    statuses.set(userId, { user_id: userId, status, is_typing, typing_in_conversation, last_seen_at });
    return;
  }
  const known = statuses.get(userId);
  // Somebody who types is there; how they are is told by `user_status_change`.
  if (known === undefined) return;
  const is_typing = frame.type === 'typing_start';
  statuses.set(userId, {
    ...known,
    is_typing,
    typing_in_conversation: is_typing ? frame.conversation_id : null,
  });
}
