import {
  limits,
  type ServerFrames,
  type UpdateStatusBody,
  type UserStatus,
  type UserStatusType,
} from '@parley/protocol';
import { requireAccess } from './access.ts';
import { systemUserId, type Actor } from './actor.ts';
import { Deadlines } from './deadlines.ts';
import { refuse } from './permissions.ts';
import type { Bus, BusEvent, Clock, ConversationStore, StatusStore } from './ports.ts';
import type { PresenceState } from './presence-state.ts';
import { invalid, Refusal } from './refusal.ts';
import { StatusNews } from './status-news.ts';
import { StatusRecheck } from './status-recheck.ts';
import { toStatus, typingOf, viewStatuses } from './statuses.ts';
import { Turns } from './turns.ts';
import { TypingElsewhere } from './typing-elsewhere.ts';
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

/**
 * Who is there, as what, and who is typing. What somebody set shows while they have a connection and for a grace after
 * it, so that a reconnection is not seen; then they are offline. Whoever set `offline` is hidden, and so is their typing.
 *
 * Others hear of it when what they see changes, if they share a conversation of at most 200 people.
 */
export class Presence {
  readonly #deps: PresenceDeps;
  readonly #news: StatusNews;
  readonly #typing: Typing;
  readonly #typingElsewhere: TypingElsewhere;
  /** People whose last connection to this node ended a moment ago. */
  readonly #graces: Deadlines<string>;
  /** What is shown of those who are connected here. */
  readonly #shown = new Map<string, UserStatusType>();
  /** Whose typing others were told of, and where. */
  readonly #toldTyping = new Set<string>();
  /** One thing after the other for each person, so that others hear of them in order. */
  readonly #turns = new Turns();
  readonly #recheck: StatusRecheck;
  readonly #unsubscribe: () => void;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
    this.#news = new StatusNews(deps);
    this.#graces = new Deadlines(limits.presenceGraceMs, deps.clock, (userId) => this.#graceOver(userId));
    this.#typing = new Typing({
      clock: deps.clock,
      onStart: (userId, conversationId) => this.#announceTyping(userId, conversationId, true),
      onStop: (userId, conversationId) => this.#announceTyping(userId, conversationId, false),
    });
    this.#typingElsewhere = new TypingElsewhere({
      clock: deps.clock,
      typing: async (userId) => (await deps.state.typing([userId])).get(userId) ?? [],
      onLost: (userId, conversationId) =>
        this.#later(userId, () => this.#tellTyping(userId, conversationId, false)),
      onError: (err) => deps.log.warn({ err }, 'whether somebody still types could not be asked'),
    });
    deps.state.watch({
      gone: (userIds, seenAt) => this.#inTurns(userIds, (userId) => this.#tellGone(userId, seenAt)),
      back: (userIds) => this.#inTurns(userIds, (userId) => this.#tellBack(userId)),
    });
    this.#recheck = new StatusRecheck({
      ...deps,
      tell: (userId, status, lastSeenAt) => this.#news.tell(userId, status, lastSeenAt),
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

  /** Ends all timers, keeps when people were last seen who left a moment ago, and leaves the others to other nodes. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#typing.close();
    this.#typingElsewhere.close();
    this.#recheck.close();
    await this.#turns.settled();
    const at = new Date(this.#deps.clock.now()).toISOString();
    const left = this.#graces.clear().filter((userId) => this.#shown.get(userId) !== 'offline');
    await Promise.all(left.map((userId) => this.#news.seen(userId, at)));
    await this.#deps.state.close();
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
    if (body.is_typing === false || body.status === 'offline') {
      this.#typing.stopAll(userId);
      await this.#stopElsewhere(userId);
    }
    const stored = await this.#turns.run(userId, async () => {
      if (body.status !== undefined) await this.#choose(userId, body.status);
      return this.#news.stored(userId);
    });
    if (typesIn !== null) await this.#startTyping(actor, typesIn, restSource);
    const typing = await this.#turns.run(userId, () => this.#deps.state.typing([userId]));
    const typingIn = typingOf(stored.status, typing.get(userId)?.[0]);
    return toStatus(userId, stored.status, typingIn, stored.lastSeenAt);
  }

  /** What `actor` may see of these people, in their order: of strangers, that they are offline, and nothing else. */
  async statuses(actor: Actor, userIds: readonly string[]): Promise<UserStatus[]> {
    const seen = await viewStatuses(this.#deps, actor, userIds);
    for (const { user_id, status } of seen) {
      if (status === 'offline') continue;
      this.#deps.state.told(user_id, true);
      this.#recheck.note(user_id, status);
    }
    return seen;
  }

  // --- coming and going ------------------------------------------------------------------------------------------------

  async #enter(userId: string, conversationIds: readonly string[]): Promise<void> {
    const isFirst = await this.#deps.state.enter(userId);
    const { status } = await this.#news.stored(userId);
    this.#shown.set(userId, status);
    if (isFirst && status !== 'offline') await this.#news.tell(userId, status, null, conversationIds);
  }

  #graceOver(userId: string): void {
    const since = this.#deps.clock.now() - limits.presenceGraceMs;
    this.#later(userId, async () => {
      this.#shown.delete(userId);
      if (await this.#deps.state.leave(userId, since)) await this.#tellGone(userId, since);
    });
  }

  async #choose(userId: string, status: UserStatusType): Promise<void> {
    const before = await this.#news.stored(userId);
    if (before.status === status) return;
    await this.#deps.statuses.saveStatus(userId, status);
    if (this.#shown.has(userId)) this.#shown.set(userId, status);
    // What began while that was written.
    if (status === 'offline') this.#typing.stopAll(userId);
    if (!(await this.#deps.state.present([userId])).has(userId)) return;
    // Hidden people were last seen when they hid.
    const at = status === 'offline' ? new Date(this.#deps.clock.now()).toISOString() : null;
    if (at !== null) await this.#news.seen(userId, at);
    await this.#news.tell(userId, status, at);
  }

  /** They are nowhere any more. Who hid went for others when they hid. */
  async #tellGone(userId: string, seenAt: number): Promise<void> {
    if (this.#shown.has(userId) || (await this.#isHidden(userId))) return;
    const at = new Date(seenAt).toISOString();
    await this.#news.seen(userId, at);
    await this.#news.tell(userId, 'offline', at);
  }

  async #tellBack(userId: string): Promise<void> {
    const { status } = await this.#news.stored(userId);
    if (status !== 'offline') await this.#news.tell(userId, status, null);
  }

  /** What others hear of people, from whichever node. */
  #heard({ user_id: userId, status }: ServerFrames['user_status_change']): void {
    this.#deps.state.told(userId, status !== 'offline');
    this.#recheck.note(userId, status);
    const shown = this.#shown.get(userId);
    if (shown !== undefined && shown !== status) this.#later(userId, () => this.#follow(userId, status));
  }

  /** Somebody who is connected here set another status on another node; or that one did not know that they are here. */
  async #follow(userId: string, heard: UserStatusType): Promise<void> {
    const { status } = await this.#news.stored(userId);
    if (!this.#shown.has(userId)) return;
    this.#shown.set(userId, status);
    if (status === 'offline') this.#typing.stopAll(userId);
    else if (heard === 'offline') await this.#news.tell(userId, status, null);
  }

  async #inTurns(userIds: readonly string[], work: (userId: string) => Promise<void>): Promise<void> {
    await Promise.all(userIds.map((userId) => this.#turns.run(userId, () => work(userId))));
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

  /** Asked anew each time: they may set it on any node. */
  async #isHidden(userId: string): Promise<boolean> {
    return (await this.#news.stored(userId)).status === 'offline';
  }

  #announceTyping(userId: string, conversationId: string, on: boolean): void {
    this.#later(userId, async () => {
      // They may have hidden since they began; what was told is told to its end.
      const key = typingKey(userId, conversationId);
      const isTold = on ? !(await this.#isHidden(userId)) : this.#toldTyping.delete(key);
      if (isTold && on) this.#toldTyping.add(key);
      if (isTold) await this.#tellTyping(userId, conversationId, on);
      if (!on) await this.#deps.state.clearTyping(userId, conversationId);
    });
  }

  async #tellTyping(userId: string, conversationId: string, on: boolean): Promise<void> {
    const { status } = await this.#news.stored(userId);
    const isThere = this.#shown.has(userId) || (await this.#deps.state.present([userId])).has(userId);
    const events = typingEvents(userId, conversationId, isThere ? status : 'offline', on);
    for (const event of events) this.#deps.bus.publish(event);
  }

  /** They stop wherever they said on another node that they type. */
  #stopElsewhere(userId: string): Promise<void> {
    // In turn: what ends here is over by then.
    return this.#turns.run(userId, async () => {
      const typing = (await this.#deps.state.typing([userId])).get(userId) ?? [];
      for (const id of typing) {
        if (this.#isTyping(userId, id)) continue;
        await this.#deps.state.clearTyping(userId, id);
        await this.#tellTyping(userId, id, false);
      }
    });
  }

  /** On this node, as others were told. */
  #isTyping(userId: string, conversationId: string): boolean {
    return this.#toldTyping.has(typingKey(userId, conversationId));
  }

  /** Who is out of a conversation, or has sent what they typed by another node, does not type in it. */
  #observe({ frame }: BusEvent): void {
    switch (frame.type) {
      case 'participant_removed':
        return void this.#typing.stop(frame.user_id, frame.conversation_id);
      case 'conversation_deleted':
        return this.#typing.stopIn(frame.conversation_id);
      case 'new_message':
        return void this.#typing.stop(frame.message.sender_id, frame.conversation_id);
      case 'user_status_change':
        return frame.conversation_id === null ? this.#heard(frame) : undefined;
      case 'typing_start':
      case 'typing_stop':
        return this.#heardTyping(frame);
      default:
    }
  }

  #heardTyping(frame: ServerFrames['typing_start'] | ServerFrames['typing_stop']): void {
    const { user_id: userId, conversation_id: conversationId } = frame;
    const isOwn = this.#isTyping(userId, conversationId);
    if (!isOwn) this.#typingElsewhere.heard(frame);
    // They said on another node that they stopped, and it was told.
    if (!isOwn || frame.type === 'typing_start') return;
    this.#toldTyping.delete(typingKey(userId, conversationId));
    this.#typing.stop(userId, conversationId);
  }

  /** In turn, for what nobody waits for. */
  #later(userId: string, work: () => Promise<void>): void {
    this.#turns.run(userId, work).catch((err: unknown) => {
      this.#deps.log.warn({ err, user_id: userId }, "somebody's status could not be told");
    });
  }
}

const typingKey = (userId: string, conversationId: string): string => `${userId}\n${conversationId}`;
