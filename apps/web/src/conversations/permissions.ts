import type { Conversation } from '@parley/client';

/** What somebody may do with a conversation as a whole; what they may not is not shown to them. */
export interface ConversationRights {
  /** Its title, which two people alone don't need. */
  readonly rename: boolean;
  /** For everybody in it. */
  readonly archive: boolean;
  readonly leave: boolean;
  /** For everybody in it. */
  readonly delete: boolean;
  readonly addPeople: boolean;
}

/** The server decides; this follows its rules, and a test holds it to them. */
export function rightsIn({
  my_role: role,
  type,
}: Pick<Conversation, 'my_role' | 'type'>): ConversationRights {
  const leads = role === 'admin' || role === 'moderator';
  const isGroup = type === 'group';
  return {
    rename: leads && isGroup,
    archive: leads,
    leave: role !== null && isGroup,
    delete: role === 'admin',
    addPeople: leads && isGroup,
  };
}
