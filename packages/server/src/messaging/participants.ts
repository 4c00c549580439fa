import {
  Participant as ParticipantSchema,
  isStorable,
  type AddParticipantBody,
  type Conversation,
  type Participant,
  type UpdateParticipantBody,
} from '@parley/protocol';
import { Type, type Static } from 'typebox';
import { changeConversation, require, requireAccess } from './access.ts';
import type { Actor } from './actor.ts';
import type {
  Bus,
  ConversationStore,
  ConversationTransaction,
  Outcome,
  Page,
  PageRequest,
  ParticipantStore,
} from './ports.ts';
import { Refusal, invalid } from './refusal.ts';
import { requestHash } from './request-hash.ts';
import { parser } from './validation.ts';

export interface ParticipantsDeps {
  readonly conversations: ConversationStore;
  readonly participants: ParticipantStore;
  readonly bus: Bus;
}

interface Change {
  readonly participant: Participant;
  readonly version: number;
}

/** Who is in a conversation, and as what. */
export class Participants {
  readonly #deps: ParticipantsDeps;

  constructor(deps: ParticipantsDeps) {
    this.#deps = deps;
  }

  /** @throws Refusal `conversation_not_found`, `not_participant` */
  async list(actor: Actor, conversationId: string, page: PageRequest): Promise<Page<Participant>> {
    await requireAccess(this.#deps.conversations, actor, conversationId, 'conversation.read');
    return this.#deps.participants.list(conversationId, page);
  }

  /**
   * Adds somebody; answers them unchanged if they are there.
   * @throws Refusal `conversation_not_found`, `not_participant`, `insufficient_role`, `direct_conversation`,
   * `idempotency_conflict`
   */
  async add(
    actor: Actor,
    conversationId: string,
    body: AddParticipantBody,
  ): Promise<Outcome & { participant: Participant }> {
    const role = body.role ?? 'participant';
    if (body.user_id === 'system') throw invalid('/user_id', 'must not be the reserved id "system"');
    const { added, view } = await changeConversation(
      this.#deps.participants,
      actor,
      conversationId,
      async (tx) => {
        if (tx.conversation.type === 'direct') throw new Refusal('direct_conversation');
        require('participant.add', actor, tx);
        if (role !== 'participant') require('participant.set_role', actor, tx);
        const done = await once(tx, actor, { ...body, role }, () => this.#admit(tx, body.user_id, role));
        return { added: done, view: done.existed || done.replayed ? null : await tx.viewFor(body.user_id) };
      },
    );
    if (view !== null) this.#announceAdded(view, added);
    return added;
  }

  /**
   * Takes somebody out, or oneself. When the last admin goes, the longest-standing moderator, else participant,
   * becomes one.
   * @throws Refusal `conversation_not_found`, `not_participant`, `participant_not_found`, `insufficient_role`,
   * `direct_conversation`
   */
  async remove(actor: Actor, conversationId: string, userId: string): Promise<void> {
    const { version, count, promoted } = await changeConversation(
      this.#deps.participants,
      actor,
      conversationId,
      async (tx) => {
        if (tx.conversation.type === 'direct') throw new Refusal('direct_conversation');
        if (actor.userId !== userId) require('participant.remove', actor, tx, { targetRole: 'participant' });
        const target = await findTarget(tx, userId);
        if (actor.userId === userId) require('participant.leave', actor, tx);
        else require('participant.remove', actor, tx, { targetRole: target.role });
        const next = tx.nextVersion();
        const remaining = await tx.removeParticipant(userId);
        return {
          version: next,
          count: remaining,
          promoted: target.role === 'admin' ? await promote(tx) : null,
        };
      },
    );
    this.#deps.bus.publish({
      audience: { kind: 'conversation', conversationId },
      frame: {
        type: 'participant_removed',
        conversation_id: conversationId,
        version,
        user_id: userId,
        participant_count: count,
      },
    });
    if (promoted !== null) this.#announceUpdated(conversationId, promoted);
  }

  /**
   * Gives a role or a mute.
   * @throws Refusal `conversation_not_found`, `not_participant`, `participant_not_found`, `insufficient_role`, `last_admin`
   */
  async update(
    actor: Actor,
    conversationId: string,
    userId: string,
    body: UpdateParticipantBody,
  ): Promise<Participant> {
    const { participant, version } = await changeConversation(
      this.#deps.participants,
      actor,
      conversationId,
      async (tx) => {
        if (tx.conversation.type === 'direct') throw new Refusal('direct_conversation');
        // Before looking for the person: who may not change anybody learns nothing of who is there.
        require('participant.mute', actor, tx, { targetRole: 'participant' });
        const target = await findTarget(tx, userId);
        const role = body.role ?? target.role;
        const isMuted = body.is_muted ?? target.is_muted;
        if (body.is_muted !== undefined) require('participant.mute', actor, tx, { targetRole: target.role });
        if (body.role !== undefined) require('participant.set_role', actor, tx);
        if (role === target.role && isMuted === target.is_muted)
          return { participant: target, version: null };
        if (target.role === 'admin' && role !== 'admin' && (await tx.adminCount()) === 1)
          throw new Refusal('last_admin');
        const next = tx.nextVersion();
        return { participant: await tx.updateParticipant(userId, { role, isMuted }), version: next };
      },
    );
    if (version !== null) this.#announceUpdated(conversationId, { participant, version });
    return participant;
  }

  async #admit(tx: ConversationTransaction, userId: string, role: Participant['role']): Promise<Admission> {
    const present = await tx.findParticipant(userId);
    if (present !== null)
      return { participant: present, version: tx.conversation.version, count: 0, existed: true };
    const version = tx.nextVersion();
    const participant = await tx.addParticipant(userId, role);
    return { participant, version, count: tx.conversation.participant_count, existed: false };
  }

  #announceAdded(conversation: Conversation, { participant, version, count }: Admission): void {
    const frame = {
      type: 'participant_added',
      conversation_id: conversation.id,
      version,
      participant,
      participant_count: count,
    } as const;
    this.#deps.bus.publish({
      audience: { kind: 'conversation', conversationId: conversation.id },
      frame,
      personal: { userId: participant.user_id, frame: { ...frame, conversation } },
    });
  }

  #announceUpdated(conversationId: string, { participant, version }: Change): void {
    this.#deps.bus.publish({
      audience: { kind: 'conversation', conversationId },
      frame: { type: 'participant_updated', conversation_id: conversationId, version, participant },
    });
  }
}

/** What adding came to; kept, as JSON, for a retry. */
const Admission = Type.Object({
  participant: ParticipantSchema,
  version: Type.Integer(),
  count: Type.Integer(),
  existed: Type.Boolean(),
});
type Admission = Readonly<Static<typeof Admission>>;
const readAdmission = parser(Admission);

/** Admits once for each `client_id`: a retry is answered with what the first one was. */
async function once(
  tx: ConversationTransaction,
  actor: Actor,
  body: AddParticipantBody,
  admit: () => Promise<Admission>,
): Promise<Admission & Outcome> {
  if (body.client_id === undefined) return { ...(await admit()), replayed: false };
  const key = {
    userId: actor.userId,
    place: `participants:${tx.conversation.id}`,
    clientId: body.client_id,
    hash: requestHash(body.user_id, body.role),
  };
  let admission: Admission | undefined;
  const earlier = await tx.claim(key, async () => JSON.stringify((admission = await admit())));
  if (earlier !== null) return { ...readAdmission(JSON.parse(earlier)), replayed: true };
  if (admission === undefined) throw new Error('a new key was claimed without its work being done');
  return { ...admission, replayed: false };
}

async function findTarget(tx: ConversationTransaction, userId: string): Promise<Participant> {
  const target = isStorable(userId) ? await tx.findParticipant(userId) : null;
  if (target === null) throw new Refusal('participant_not_found');
  return target;
}

/** Makes somebody admin if nobody is. */
async function promote(tx: ConversationTransaction): Promise<Change | null> {
  if ((await tx.adminCount()) > 0) return null;
  const heir = await tx.successor();
  if (heir === null) return null;
  const version = tx.nextVersion();
  return { version, participant: await tx.updateParticipant(heir.user_id, { role: 'admin' }) };
}
