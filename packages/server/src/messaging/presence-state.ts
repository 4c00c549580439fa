/** Who has connections, and who is typing: what all nodes of a service share. */
export interface PresenceState {
  /** Once, before anything else: who is to be told what is found out without being asked. */
  watch(watcher: PresenceWatcher): void;
  /** This node has a connection of somebody's. True if no node had one before. */
  enter(userId: string): Promise<boolean>;
  /**
   * This node has none of theirs any more, the last since `seenAt` (milliseconds since 1970). True if no node has one
   * now; false also while that can't be known, and then `gone` tells it soon.
   */
  leave(userId: string, seenAt: number): Promise<boolean>;
  /** Which of these people have a connection to some node. */
  present(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** People here heard that somebody is there or, with `isThere` false, is not. */
  told(userId: string, isThere: boolean): void;
  /** `until`: milliseconds since 1970, after which it is over by itself. */
  setTyping(userId: string, conversationId: string, until: number): Promise<void>;
  clearTyping(userId: string, conversationId: string): Promise<void>;
  /** The conversations in which those of these people type who do, the latest first. */
  typing(userIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Those who are here have the grace to appear on another node. */
  close(): Promise<void>;
}

/** What comes to light by a node that died, or once what the nodes share is whole again. May be told more than once. */
export interface PresenceWatcher {
  /** These people are nowhere any more, last seen at `seenAt`. To be tried again, here or elsewhere, if it rejects. */
  gone(userIds: readonly string[], seenAt: number): Promise<void>;
  /** These people are there, and others may think that they are not. */
  back(userIds: readonly string[]): Promise<void>;
}
