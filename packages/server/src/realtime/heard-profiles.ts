import type { Profile } from '@parley/protocol';
import type { BusEvent } from '../messaging/ports.ts';

/** Profiles of one generation; two are kept. */
const capacity = 4096;

/** Names and avatars as events told them lately: what was told is not told again. */
export class HeardProfiles {
  #current = new Map<string, string>();
  #previous = new Map<string, string>();

  /** Takes note of an event that people here receive. */
  note({ frame }: BusEvent): void {
    if (frame.type !== 'user_updated') return;
    if (this.#current.size >= capacity) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
    this.#current.set(frame.user_id, textOf(frame));
  }

  /** Whether nobody here was told so lately. */
  isNews(profile: Profile): boolean {
    const { user_id } = profile;
    return (this.#current.get(user_id) ?? this.#previous.get(user_id)) !== textOf(profile);
  }
}

const textOf = ({ display_name, avatar_url }: Profile): string => JSON.stringify([display_name, avatar_url]);
