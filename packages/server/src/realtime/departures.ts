import { personIn } from '../messaging/person-in.ts';
import type { Clock } from '../messaging/ports.ts';
import type { Change } from './change.ts';

/** Milliseconds for which a departure is remembered, at least. */
const rememberedMs = 60_000;

/**
 * Who left which conversation lately, so that an addition which is older than the removal, but arrives after it, lets
 * nobody back in.
 */
export class Departures {
  readonly #clock: Clock;
  #current = new Map<string, number>();
  #previous = new Map<string, number>();
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  note({ frame }: Change): void {
    if (frame.type === 'participant_removed') this.add(frame.version, frame.conversation_id, frame.user_id);
    else if (frame.type === 'conversation_deleted') this.#set(frame.conversation_id, frame.version);
  }

  add(version: number, conversationId: string, userId: string): void {
    this.#set(personIn(conversationId, userId), version);
  }

  /** Whether somebody left, or all did, after a version. */
  isAfter(version: number, conversationId: string, userId: string): boolean {
    return (
      this.#versionOf(personIn(conversationId, userId)) > version || this.#versionOf(conversationId) > version
    );
  }

  #set(entry: string, version: number): void {
    const now = this.#clock.now();
    if (now - this.#since > rememberedMs) {
      this.#previous = this.#current;
      this.#current = new Map();
      this.#since = now;
    }
    this.#current.set(entry, Math.max(version, this.#versionOf(entry)));
  }

  #versionOf(entry: string): number {
    return this.#current.get(entry) ?? this.#previous.get(entry) ?? -1;
  }
}
