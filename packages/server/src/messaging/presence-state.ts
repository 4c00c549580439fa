/** Who has connections, and who is typing: what all nodes of a service share. */
export interface PresenceState {
  /** This node has a connection of somebody's. True if no node had one before. */
  enter(userId: string): Promise<boolean>;
  /** This node has none of theirs any more. True if no node has one now. */
  leave(userId: string): Promise<boolean>;
  /** Which of these people have a connection to some node. */
  present(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** `until`: milliseconds since 1970, after which it is over by itself. */
  setTyping(userId: string, conversationId: string, until: number): Promise<void>;
  clearTyping(userId: string, conversationId: string): Promise<void>;
  /** The conversations in which those of these people type who do, the latest first. */
  typing(userIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
}
