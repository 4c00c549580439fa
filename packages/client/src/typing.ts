import type { ServerFrame } from '@parley/protocol';

/** Milliseconds without news after which somebody has stopped typing; `limits.typingMs` of the protocol. */
const typingMs = 6000;

/** Who is typing where, as far as it was told, each for 6 s at most. */
export class Typing {
  readonly #changed: (conversationId: string) => void;
  /** By conversation and person. */
  readonly #ends = new Map<string, Map<string, ReturnType<typeof setTimeout>>>();

  constructor(changed: (conversationId: string) => void) {
    this.#changed = changed;
  }

  in(conversationId: string): string[] {
    return [...(this.#ends.get(conversationId)?.keys() ?? [])];
  }

  note(frame: ServerFrame, self: string): void {
    if (frame.type === 'typing_start' && frame.user_id !== self)
      this.#set(frame.conversation_id, frame.user_id);
    else if (frame.type === 'typing_stop') this.#end(frame.conversation_id, frame.user_id);
    else if (frame.type === 'new_message') this.#end(frame.conversation_id, frame.message.sender_id);
    else if (frame.type === 'participant_removed') this.#end(frame.conversation_id, frame.user_id);
  }

  clear(): void {
    for (const [id, people] of this.#ends) for (const userId of people.keys()) this.#end(id, userId);
  }

  #set(id: string, userId: string): void {
    const people = this.#ends.get(id) ?? new Map<string, ReturnType<typeof setTimeout>>();
    this.#ends.set(id, people);
    clearTimeout(people.get(userId));
    people.set(
      userId,
      setTimeout(() => this.#end(id, userId), typingMs),
    );
    this.#changed(id);
  }

  #end(id: string, userId: string): void {
    const people = this.#ends.get(id);
    if (people?.has(userId) !== true) return;
    clearTimeout(people.get(userId));
    people.delete(userId);
    if (people.size === 0) this.#ends.delete(id);
    this.#changed(id);
  }
}
