import type {
  Conversation,
  ConversationChange,
  ConversationSync,
  Message,
  Participant,
  Profile,
  ServerFrame,
  SyncAnswer,
  UserStatus,
} from '@parley/protocol';
import type { ReplicaConversation } from './conversation.ts';
import { HeldConversation } from './held-conversation.ts';
import type { Move } from './roster.ts';
import { noteStatus } from './statuses.ts';

const nothing: readonly string[] = [];

/**
 * What one person's client knows of their conversations, and what each event means for it: the state before, with the
 * event, is what a fresh read would give, field by field.
 *
 * - A change at or below the `version` held for its conversation is old news. A message never goes back to an older
 *   `version` of its own, and watermarks never go back.
 * - `new_message` moves its sender's watermarks to it, and counts one reply more for its parent, unless that was read at
 *   this version or later. Texts in `reply_to_content` and each message's `status` follow from the parent and from the
 *   watermarks. A sender's name is that of the participant, and, once they left, what was last told.
 * - In a conversation of more than 200 people others' watermarks are not told, and the status of a message is `sent`.
 * - Whoever connects first and reads then applies what arrived meanwhile after what was read; likewise events that
 *   arrive between asking for `GET /sync`, or for pages, and the answer. Of pages, the conversation itself is read first.
 *
 * Messages and participants may be held in part. What is given is kept and never changed, so that many replicas may
 * share it; no I/O, and each event costs the same however much is held (a profile's change excepted).
 */
export class Replica {
  readonly userId: string;
  readonly #held = new Map<string, HeldConversation>();
  /** The versions at which conversations were lost. */
  readonly #gone = new Map<string, number>();
  readonly #statuses = new Map<string, UserStatus>();

  constructor(userId: string) {
    this.userId = userId;
  }

  get conversations(): ReadonlyMap<string, ReplicaConversation> {
    return this.#held;
  }

  /** Who is there and typing, as last told. Not durable, and no part of `snapshotOf`. */
  get statuses(): ReadonlyMap<string, UserStatus> {
    return this.#statuses;
  }

  // --- what was read --------------------------------------------------------------------------------------------------

  /** A conversation from `GET /conversations` or `/conversations/{id}`. One that is older than what is held changes nothing. */
  putConversation(conversation: Conversation): void {
    const held = this.#held.get(conversation.id);
    if (held !== undefined) held.putConversation(conversation);
    else if (conversation.version > (this.#gone.get(conversation.id) ?? 0)) this.#open(conversation);
  }

  /** Holds it no longer, as if it had never been read. */
  forget(conversationId: string): void {
    this.#held.delete(conversationId);
  }

  /** Any page of messages of a conversation that is held. */
  putMessages(conversationId: string, messages: readonly Message[]): void {
    this.#held.get(conversationId)?.putMessages(messages);
  }

  /** A page of participants of a conversation that is held; from the first on, without leaving one out. */
  putParticipants(conversationId: string, participants: readonly Participant[]): void {
    this.#held.get(conversationId)?.putParticipants(participants);
  }

  /** From `GET /users/status`. */
  putStatuses(statuses: readonly UserStatus[]): void {
    for (const status of statuses) this.#statuses.set(status.user_id, status);
  }

  /** One's own reading was confirmed. */
  moveOwn(conversationId: string, lastReadSeq: number): void {
    this.#move(conversationId, this.userId, { last_read_seq: lastReadSeq });
  }

  // --- what was told --------------------------------------------------------------------------------------------------

  /**
   * Takes any frame. Answers the conversations that must now be read, or read anew, by their pages: one that is not
   * held or came with a history, one of which `sync` says `reset`, one that shrank to 200 people. Where a read then answers
   * that one is not in it, its removal is on its way.
   */
  apply(frame: ServerFrame): readonly string[] {
    switch (frame.type) {
      case 'conversation_created':
      case 'conversation_updated':
      case 'conversation_deleted':
      case 'participant_added':
      case 'participant_updated':
      case 'participant_removed':
      case 'new_message':
      case 'message_updated':
      case 'message_deleted':
        return this.#change(frame);
      case 'message_read':
        return this.#move(frame.conversation_id, frame.user_id, { last_read_seq: frame.last_seq });
      case 'message_delivered':
        return this.#move(frame.conversation_id, frame.user_id, { last_delivered_seq: frame.last_seq });
      case 'user_updated':
        return this.#rename(frame);
      case 'sync':
        return this.applySync(frame);
      case 'typing_start':
      case 'typing_stop':
      case 'user_status_change':
        noteStatus(this.#statuses, frame);
        return nothing;
      // Answers. What they acknowledge is told by events, too, to all of one's connections.
      case 'connected':
      case 'joined_conversation':
      case 'left_conversation':
      case 'message_ack':
      case 'read_ack':
      case 'token_refreshed':
      case 'pong':
      case 'error':
        return nothing;
    }
    // A newer server may tell more.
    frame satisfies never;
    return nothing;
  }

  /**
   * Takes an answer of `GET /sync` or a `sync` frame; applying it twice changes nothing. Answers like `apply`. After an
   * answer whose own `reset` is true nothing is held any more: conversations are to be listed anew.
   */
  applySync(answer: SyncAnswer): readonly string[] {
    if (answer.reset) {
      this.#held.clear();
      this.#gone.clear();
    }
    for (const { conversation_id, version } of answer.removed) this.#drop(conversation_id, version);
    const stale = answer.conversations
      .filter((entry) => this.#sync(entry))
      .map((entry) => entry.conversation_id);
    for (const profile of answer.users) this.#rename(profile);
    return stale;
  }

  #change(frame: ConversationChange): readonly string[] {
    const { conversation_id: id, version } = frame;
    const held = this.#held.get(id);
    if (version <= (held?.version ?? this.#gone.get(id) ?? 0)) return nothing;
    switch (frame.type) {
      case 'conversation_created':
        return this.#open(frame.conversation);
      case 'conversation_deleted':
        return this.#drop(id, version);
      case 'participant_removed':
        if (frame.user_id === this.userId) return this.#drop(id, version);
        break;
      case 'participant_added':
        if (frame.participant.user_id === this.userId) return this.#reopen(id, frame.conversation);
        break;
      default:
        break;
    }
    return held === undefined || held.apply(frame) ? [id] : nothing;
  }

  #move(conversationId: string, userId: string, move: Move): readonly string[] {
    this.#held.get(conversationId)?.move(userId, move);
    return nothing;
  }

  #rename(profile: Profile): readonly string[] {
    for (const held of this.#held.values()) held.rename(profile);
    return nothing;
  }

  /** True if the conversation must be read anew. */
  #sync(entry: ConversationSync): boolean {
    const held = this.#held.get(entry.conversation_id);
    const isReplaced = entry.complete && held !== undefined && entry.version >= held.version;
    if (held !== undefined && !isReplaced) return held.putSync(entry);
    if (entry.version <= (this.#gone.get(entry.conversation_id) ?? 0)) return false;
    const { conversation, participants } = entry;
    const opened = this.#hold({ ...conversation, version: entry.version, participants });
    return opened.putSync(entry) || !opened.isWhole;
  }

  #reopen(id: string, conversation: Conversation | undefined): readonly string[] {
    this.#held.delete(id);
    return conversation === undefined ? [id] : this.#open(conversation);
  }

  #open(conversation: Conversation): readonly string[] {
    return this.#hold(conversation).isWhole ? nothing : [conversation.id];
  }

  #hold(conversation: Conversation): HeldConversation {
    const opened = new HeldConversation(this.userId, conversation);
    this.#held.set(conversation.id, opened);
    this.#gone.delete(conversation.id);
    return opened;
  }

  #drop(id: string, version: number): readonly string[] {
    if ((this.#held.get(id)?.version ?? 0) > version) return nothing;
    this.#held.delete(id);
    this.#gone.set(id, Math.max(version, this.#gone.get(id) ?? 0));
    return nothing;
  }
}
