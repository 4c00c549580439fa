import type { Conversation, ConversationChange } from '@parley/protocol';
import type { MissedChanges } from '../messaging/ports.ts';
import type { Change } from './change.ts';

/** Somebody here whose entrance was missed, and the conversation as they see it. */
export interface Newcomer {
  readonly userId: string;
  /** The version at which they came. */
  readonly version: number;
  readonly view: Conversation;
}

/** Changes that were read from the store as if the bus had brought them. */
export class Missed {
  readonly conversationId: string;
  /** Up to here nothing is missing; versions without a change were replaced by a later one. */
  readonly upTo: number;
  readonly participantCount: number;
  /** By version. */
  readonly changes: ReadonlyMap<number, Change>;
  /** Who came, or came back, and at which version; some of them are out again. */
  readonly joined: ReadonlyMap<string, number>;
  readonly newcomers: readonly Newcomer[];
  readonly #creations: ReadonlyMap<string, Change>;
  readonly #removals = new Map<string, Change>();
  /** The version at which somebody went for good, among these changes or after them. */
  readonly #gone: ReadonlyMap<string, number>;
  readonly #shownAt: ReadonlyMap<number, number>;

  constructor(missed: MissedChanges, newcomers: readonly Newcomer[]) {
    this.conversationId = missed.conversationId;
    this.upTo = missed.upTo;
    this.participantCount = missed.participantCount;
    this.joined = new Map(missed.joined.map(({ userId, version }) => [userId, version]));
    this.newcomers = newcomers;
    this.#creations = new Map(
      newcomers
        .filter(({ version }) => version === 1)
        .map(({ userId, view }) => [userId, creation(userId, view)]),
    );
    const views = new Map(newcomers.map(({ userId, view }) => [userId, view]));
    const changes = missed.changes.map((frame) => toChange(frame, views));
    for (const change of changes) {
      if (change.frame.type === 'participant_removed') this.#removals.set(change.frame.user_id, change);
    }
    this.#gone = new Map([
      ...missed.gone.map(({ userId, version }) => [userId, version] as const),
      ...[...this.#removals].map(([userId, { frame }]) => [userId, frame.version] as const),
    ]);
    this.#shownAt = missed.shownAt;
    this.changes = new Map(changes.map((change) => [change.frame.version, this.#hide(change)]));
  }

  /** What takes somebody out for good, as far as is known. */
  removalOf(userId: string): Change | undefined {
    return this.#removals.get(userId);
  }

  /** What somebody hears of the conversation if it was opened with them. */
  creationFor(userId: string): Change | undefined {
    return this.#creations.get(userId);
  }

  /** Things are shown as they are now: not to somebody who left before they became so. */
  #hide(change: Change): Change {
    const shownAt = this.#shownAt.get(change.frame.version);
    if (shownAt === undefined) return change;
    const gone = [...this.#gone].filter(([, version]) => version < shownAt);
    return gone.length === 0 ? change : { ...change, hiddenFrom: new Set(gone.map(([userId]) => userId)) };
  }
}

const creation = (userId: string, conversation: Conversation): Change => ({
  audience: { kind: 'users', userIds: [userId] },
  frame: { type: 'conversation_created', conversation_id: conversation.id, version: 1, conversation },
});

function toChange(frame: ConversationChange, views: ReadonlyMap<string, Conversation>): Change {
  const audience = { kind: 'conversation', conversationId: frame.conversation_id } as const;
  if (frame.type !== 'participant_added') return { audience, frame };
  const userId = frame.participant.user_id;
  const conversation = views.get(userId);
  if (conversation === undefined) return { audience, frame };
  return { audience, frame, personal: { userId, frame: { ...frame, conversation } } };
}
