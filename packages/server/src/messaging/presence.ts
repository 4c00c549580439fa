import { limits, type UpdateStatusBody, type UserStatus, type UserStatusType } from '@parley/protocol';
import { requireAccess } from './access.ts';
import { systemUserId, type Actor } from './actor.ts';
import { Deadlines } from './deadlines.ts';
import { refuse } from './permissions.ts';
import type { Bus, BusEvent, Clock, ConversationStore, StatusStore } from './ports.ts';
import { invalid, Refusal } from './refusal.ts';
import type { PresenceState } from './presence-state.ts';
import { toStatus, typingOf, unset, viewStatuses, type StoredStatus } from './statuses.ts';
import { Turns } from './turns.ts';
import { typingEvents } from './typing-events.ts';
import { Typing } from './typing.ts';

export interface PresenceDeps {
  readonly statuses: StatusStore;
  readonly conversations: ConversationStore;
  readonly state: PresenceState;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: { warn(facts: object, message: string): void };
}

/** The source of what is said by REST, which has no connection to end with. */
const restSource = 'rest';
/** Writes at a time when a node goes. */
const closingBatch = 50;

/**
 * Who is there, as what, and who is typing. What somebody set shows while they have a connection and for a grace after
 * it, so that a reconnection is not seen; then they are offline. Whoever set `offline` is hidden, and so is their typing.
 *
 * Others hear of it when what they see changes, if they share a conversation of at most 200 people.
 */
export class Presence {
  readonly #deps: PresenceDeps;
  readonly #typing: Typing;
  /** People whose last connection to this node ended a moment ago. */
  readonly #graces: Deadlines<string>;
  /** What is shown of those who are connected here. */
  readonly #shown = new Map<string, UserStatusType>();
  /** Whose typing others were told of, and where. */
  readonly #toldTyping = new Set<string>();
  /** One thing after the other for each person, so that others hear of them in order. */
  readonly #turns = new Turns();
  readonly #unsubscribe: () => void;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
    this.#graces = new Deadlines(limits.presenceGraceMs, deps.clock, (userId) => this.#graceOver(userId));
    this.#typing = new Typing({
      clock: deps.clock,
      onStart: (userId, conversationId) => this.#announceTyping(userId, conversationId, true),
      onStop: (userId, conversationId) => this.#announceTyping(userId, conversationId, false),
    });
    this.#unsubscribe = deps.bus.subscribe((event) => this.#observe(event));
  }

  // --- told by the hub and the connections -----------------------------------------------------------------------------

  /** Somebody's first connection to this node. `conversationIds`: those where others hear of it. */
  connected(userId: string, conversationIds: readonly string[]): void {
    if (userId === systemUserId || this.#graces.delete(userId)) return;
    this.#later(userId, () => this.#enter(userId, conversationIds));
  }

  /** Their last one has ended. */
  disconnected(userId: string): void {
    if (userId !== systemUserId) this.#graces.set(userId);
  }

  /** A connection has ended, and what was typed on it alone. */
  closed(userId: string, connectionId: string): void {
    this.#typing.stopAll(userId, connectionId);
  }

  /** They sent what they were typing. */
  messageSent(userId: string, conversationId: string): void {
    this.#typing.stop(userId, conversationId);
  }

  /** Ends all timers, and keeps when people were last seen who left a moment ago. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#typing.close();
    await this.#turns.settled();
    const at = new Date(this.#deps.clock.now()).toISOString();
    const left = this.#graces.clear().filter((userId) => this.#isVisible(userId));
    for (let index = 0; index < left.length; index += closingBatch) {
      await Promise.all(
        left.slice(index, index + closingBatch).map((userId) => this.#saveLastSeen(userId, at)),
      );
    }
  }

  // --- asked by people -------------------------------------------------------------------------------------------------

  /**
   * They type in a conversation, on the connection `source`, or don't any more. To be repeated within 6 s while it lasts.
   * Who hides may, and nobody sees it.
   * @throws Refusal `conversation_not_found`, `not_participant`, `insufficient_role` for the service role, and for
   * beginning `muted`
   */
  async typing(actor: Actor, conversationId: string, on: boolean, source: string): Promise<void> {
    if (on) return this.#startTyping(actor, conversationId, source);
    if (this.#typing.stop(actor.userId, conversationId, source)) return;
    // They were not typing, which is no error, unless it is nowhere that they could.
    await requireAccess(this.#deps.conversations, actor, conversationId, 'conversation.join');
  }

  /**
   * Sets what is shown while they are connected, and whether they type. Answers what they set.
   * @throws Refusal `validation_failed` for typing nowhere, and what `typing` throws
   */
  async setStatus(actor: Actor, body: UpdateStatusBody): Promise<UserStatus> {
    const { userId } = actor;
    if (actor.kind === 'service')
      throw new Refusal(refuse('message.type', actor, { membership: null }) ?? 'internal');
    const conversationId = body.typing_in_conversation ?? null;
    if (body.is_typing === true && conversationId === null) {
      throw invalid('/typing_in_conversation', 'must name a conversation while is_typing is true');
    }
    const typesIn = body.is_typing === true ? conversationId : null;
    // Before anything is changed.
    if (typesIn !== null) await requireAccess(this.#deps.conversations, actor, typesIn, 'message.type');
    if (body.is_typing === false || body.status === 'offline') this.#typing.stopAll(userId);
    const stored = await this.#turns.run(userId, async () => {
      if (body.status !== undefined) await this.#choose(userId, body.status);
      return this.#stored(userId);
    });
    if (typesIn !== null) await this.#startTyping(actor, typesIn, restSource);
    const typing = await this.#turns.run(userId, () => this.#deps.state.typing([userId]));
    const typingIn = typingOf(stored.status, typing.get(userId)?.[0]);
    return toStatus(userId, stored.status, typingIn, stored.lastSeenAt);
  }

  /** What `actor` may see of these people, in their order: of strangers, that they are offline, and nothing else. */
  statuses(actor: Actor, userIds: readonly string[]): Promise<UserStatus[]> {
    return viewStatuses(this.#deps, actor, userIds);
  }

  // --- coming and going ------------------------------------------------------------------------------------------------

  async #enter(userId: string, conversationIds: readonly string[]): Promise<void> {
    const isFirst = await this.#deps.state.enter(userId);
    const { status } = await this.#stored(userId);
    this.#shown.set(userId, status);
    if (isFirst && status !== 'offline') this.#announce(userId, status, null, conversationIds);
  }

  #graceOver(userId: string): void {
    const at = new Date(this.#deps.clock.now() - limits.presenceGraceMs).toISOString();
    this.#later(userId, () => this.#goOffline(userId, at));
  }

  async #goOffline(userId: string, at: string): Promise<void> {
    const wasVisible = this.#isVisible(userId);
    this.#shown.delete(userId);
    if (!(await this.#deps.state.leave(userId)) || !wasVisible) return;
    await this.#saveLastSeen(userId, at);
    this.#announce(userId, 'offline', at, await this.#audience(userId));
  }

  async #choose(userId: string, status: UserStatusType): Promise<void> {
    const before = await this.#stored(userId);
    if (before.status === status) return;
    await this.#deps.statuses.saveStatus(userId, status);
    if (this.#shown.has(userId)) this.#shown.set(userId, status);
    // What began while that was written.
    if (status === 'offline') this.#typing.stopAll(userId);
    if (!(await this.#deps.state.present([userId])).has(userId)) return;
    // Hidden people were last seen when they hid.
    const at = status === 'offline' ? new Date(this.#deps.clock.now()).toISOString() : null;
    if (at !== null) await this.#saveLastSeen(userId, at);
    this.#announce(userId, status, at, await this.#audience(userId));
  }

  #announce(
    userId: string,
    status: UserStatusType,
    lastSeenAt: string | null,
    conversationIds: readonly string[],
  ): void {
    if (conversationIds.length === 0) return;
    this.#deps.bus.publish({
      audience: { kind: 'conversations', conversationIds, except: userId },
      frame: {
        type: 'user_status_change',
        user_id: userId,
        status,
        is_typing: false,
        conversation_id: null,
        last_seen_at: lastSeenAt,
      },
    });
  }

  async #audience(userId: string): Promise<string[]> {
    const { conversations } = await this.#deps.conversations.subscriptions(userId);
    return conversations.flatMap(({ id, participantCount }) =>
      participantCount <= limits.receiptAudience ? [id] : [],
    );
  }

  async #stored(userId: string): Promise<StoredStatus> {
    return (await this.#deps.statuses.readStatuses([userId])).get(userId) ?? unset;
  }

  #isVisible(userId: string): boolean {
    return this.#shownAs(userId) !== 'offline';
  }

  #shownAs(userId: string): UserStatusType {
    return this.#shown.get(userId) ?? 'offline';
  }

  async #saveLastSeen(userId: string, at: string): Promise<void> {
    try {
      await this.#deps.statuses.saveLastSeen(userId, at);
    } catch (err) {
      this.#deps.log.warn({ err, user_id: userId }, 'when somebody was last seen could not be kept');
    }
  }

  // --- typing ----------------------------------------------------------------------------------------------------------

  async #startTyping(actor: Actor, conversationId: string, source: string): Promise<void> {
    const { userId } = actor;
    const question = this.#typing.ask(userId, conversationId, source);
    let isHidden: boolean;
    try {
      await requireAccess(this.#deps.conversations, actor, conversationId, 'message.type');
      isHidden = await this.#isHidden(userId);
    } finally {
      question.answered();
    }
    if (question.isOver || isHidden) return;
    this.#typing.start(userId, conversationId, source);
    await this.#deps.state.setTyping(userId, conversationId, this.#deps.clock.now() + limits.typingMs);
  }

  async #isHidden(userId: string): Promise<boolean> {
    return (this.#shown.get(userId) ?? (await this.#stored(userId)).status) === 'offline';
  }

  #announceTyping(userId: string, conversationId: string, on: boolean): void {
    this.#later(userId, async () => {
      // They may have hidden since they began; what was told is told to its end.
      const key = `${userId}\n${conversationId}`;
      const isTold = on ? !(await this.#isHidden(userId)) : this.#toldTyping.delete(key);
      if (isTold && on) this.#toldTyping.add(key);
      const events = isTold ? typingEvents(userId, conversationId, this.#shownAs(userId), on) : [];
      for (const event of events) this.#deps.bus.publish(event);
      if (!on) await this.#deps.state.clearTyping(userId, conversationId);
    });
  }

  /** Who is out of a conversation does not type in it. */
  #observe({ frame }: BusEvent): void {
    if (frame.type === 'participant_removed') this.#typing.stop(frame.user_id, frame.conversation_id);
    else if (frame.type === 'conversation_deleted') this.#typing.stopIn(frame.conversation_id);
  }

  /** In turn, for what nobody waits for. */
  #later(userId: string, work: () => Promise<void>): void {
    this.#turns.run(userId, work).catch((err: unknown) => {
      this.#deps.log.warn({ err, user_id: userId }, "somebody's status could not be told");
    });
  }
}
