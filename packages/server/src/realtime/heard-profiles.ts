import type { ConversationChange, Profile, ServerFrame } from '@parley/protocol';
import type { BusEvent } from '../messaging/ports.ts';
import { Generations } from './generations.ts';

/** Profiles of one generation, and people named by a conversation; two generations are kept. */
const capacity = 4096;
const namedCapacity = 20_000;

/**
 * Names and avatars as events told them lately: what was told is not told again. A conversation that was opened, an
 * entrance or a new role may name somebody as they were called until a moment ago, and their new name may have been told
 * to all their conversations but that one, which did not exist yet: so what each conversation named last is kept apart.
 */
export class HeardProfiles {
  readonly #heard = new Generations<string>(capacity);
  /** By person and conversation, where it named them after they were last told of to all. */
  readonly #named = new Generations<string | null>(namedCapacity);

  /** Takes note of an event that people here receive. Answers whether it names somebody otherwise than was told last. */
  note({ frame, audience, personal }: BusEvent): boolean {
    if (frame.type === 'user_updated') {
      this.#heard.set(frame.user_id, textOf(frame));
      if (audience.kind === 'conversations')
        for (const id of audience.conversationIds) this.#forget(keyOf(frame, id));
      return false;
    }
    const differs = this.#noteNames(frame);
    return (personal !== undefined && this.#noteNames(personal.frame)) || differs;
  }

  /** Those of the conversations in which nobody here was told so lately. */
  untold(profile: Profile, conversationIds: readonly string[]): string[] {
    const text = textOf(profile);
    const heard = this.#heard.get(profile.user_id);
    return conversationIds.filter((id) => (this.#named.get(keyOf(profile, id)) ?? heard) !== text);
  }

  #noteNames(frame: ServerFrame): boolean {
    if (!('version' in frame)) return false;
    let differs = false;
    for (const person of namedIn(frame)) {
      const text = textOf(person);
      this.#named.set(keyOf(person, frame.conversation_id), text);
      differs ||= (this.#heard.get(person.user_id) ?? text) !== text;
    }
    return differs;
  }

  #forget(key: string): void {
    if (typeof this.#named.get(key) === 'string') this.#named.set(key, null);
  }
}

const nobody: readonly Profile[] = [];

function namedIn(frame: ConversationChange): readonly Profile[] {
  switch (frame.type) {
    case 'conversation_created':
      return frame.conversation.participants;
    case 'participant_added':
      return [frame.participant, ...(frame.conversation?.participants ?? [])];
    case 'participant_updated':
      return [frame.participant];
    default:
      return nobody;
  }
}

const textOf = ({ display_name, avatar_url }: Profile): string => JSON.stringify([display_name, avatar_url]);

const keyOf = ({ user_id }: { readonly user_id: string }, conversationId: string): string =>
  `${conversationId} ${user_id}`;
