import type { ConversationChange, ServerFrame } from '@parley/protocol';
import type { BusEvent } from '../messaging/ports.ts';

/** An event that tells of a durable change of a conversation: it has a place in the order of its versions. */
export interface Change extends BusEvent {
  readonly frame: ConversationChange;
  /** People in the conversation who are not to see it: it shows what became so after they left. */
  readonly hiddenFrom?: ReadonlySet<string>;
}

export const isChange = (event: BusEvent): event is Change => 'version' in event.frame;

/** The people whom a change puts into its conversation. */
export function entrants(change: Change): readonly string[] {
  const { frame, audience } = change;
  if (frame.type === 'participant_added') return [frame.participant.user_id];
  if (frame.type === 'conversation_created' && audience.kind === 'users') return audience.userIds;
  return [];
}

/** Whether a change puts somebody out of its conversation. */
export const putsOut = (frame: ConversationChange, userId: string): boolean =>
  frame.type === 'conversation_deleted' || (frame.type === 'participant_removed' && frame.user_id === userId);

/** How many people its conversation has after a change; null if it does not say. */
export function participantCountOf(frame: ConversationChange): number | null {
  switch (frame.type) {
    case 'participant_added':
    case 'participant_removed':
      return frame.participant_count;
    case 'conversation_created':
    case 'conversation_updated':
      return frame.conversation.participant_count;
    default:
      return null;
  }
}

/** What somebody receives of an event. */
export const frameFor = (event: BusEvent, userId: string): ServerFrame =>
  event.personal?.userId === userId ? event.personal.frame : event.frame;
