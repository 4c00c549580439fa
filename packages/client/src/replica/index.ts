export type { ReplicaConversation } from './conversation.ts';
export { Replica } from './replica.ts';
export {
  snapshotOf,
  snapshotParticipants,
  type ConversationSnapshot,
  type Snapshot,
  type SnapshotParticipant,
} from './snapshot.ts';
export { statusOf, type Watermark } from './status.ts';
