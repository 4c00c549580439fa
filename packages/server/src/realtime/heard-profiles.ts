import type { Profile, ServerFrame } from '@parley/protocol';
import { personIn } from '../messaging/person-in.ts';
import type { BusEvent } from '../messaging/ports.ts';
import type { Change } from './change.ts';
import { Generations } from './generations.ts';

/** Profiles of one generation, and people named by a conversation; two generations are kept. */
const capacity = 4096;
const namedCapacity = 20_000;

/** Of a conversation in which not everybody was told the same: no profile's text. */
const mixed = '';

/**
 * Names and avatars as people here were told them lately: what all were told is not told again. A conversation that was
 * opened, an entrance or a new role may name somebody as they were called until a moment ago, and their new name may have
 * been told to all their conversations but that one, which did not exist yet: so what each conversation named last is
 * kept apart. And what one person alone was shown, such as who was there when they came, the others have not heard.
 */
export class HeardProfiles {
  readonly #heard = new Generations<string>(capacity);
  /** By person and conversation, where it named them after they were last told of to all. */
  readonly #named = new Generations<string | null>(namedCapacity);

  /** Takes note of an event that is told to those whom it is for. Only `user_updated` names somebody anew. */
  note({ frame, audience }: BusEvent): void {
    if (frame.type !== 'user_updated') return;
    this.#heard.set(frame.user_id, textOf(frame));
    if (audience.kind === 'conversations')
      for (const id of audience.conversationIds) this.#forget(personIn(id, frame.user_id));
  }

  /**
   * Takes note of a change as it is shown: to everybody here who is in its conversation, or to one who was behind. Answers
   * whether it names somebody otherwise than was told last.
   */
  noteShown({ frame, personal }: Change, isForOne: boolean): boolean {
    const differs = this.#noteNames(frame, isForOne);
    return (personal !== undefined && this.#noteNames(personal.frame, true)) || differs;
  }

  /** Those of the conversations in which not everybody here was told so lately. */
  untold(profile: Profile, conversationIds: readonly string[]): string[] {
    const text = textOf(profile);
    return conversationIds.filter((id) => this.#told(profile, id) !== text);
  }

  #noteNames(frame: ServerFrame, isForOne: boolean): boolean {
    if (!('version' in frame)) return false;
    let differs = false;
    for (const person of namedIn(frame)) {
      const text = textOf(person);
      const key = personIn(frame.conversation_id, person.user_id);
      if (!isForOne) this.#named.set(key, text);
      else if (this.#told(person, frame.conversation_id) !== text) this.#named.set(key, mixed);
      differs ||= (this.#heard.get(person.user_id) ?? text) !== text;
    }
    return differs;
  }

  /** As what the people of a conversation know somebody; undefined if that is not kept. */
  #told(person: Profile, conversationId: string): string | undefined {
    return this.#named.get(personIn(conversationId, person.user_id)) ?? this.#heard.get(person.user_id);
  }

  #forget(key: string): void {
    if (typeof this.#named.get(key) === 'string') this.#named.set(key, null);
  }
}

const nobody: readonly Profile[] = [];

function namedIn(frame: ServerFrame): readonly Profile[] {
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
