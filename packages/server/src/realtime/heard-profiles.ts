import type { Profile } from '@parley/protocol';
import type { BusEvent } from '../messaging/ports.ts';
import { Generations } from './generations.ts';

/** Profiles of one generation; two are kept. */
const capacity = 4096;

/** Names and avatars as events told them lately: what was told is not told again. */
export class HeardProfiles {
  readonly #heard = new Generations<string>(capacity);

  /** Takes note of an event that people here receive. */
  note({ frame }: BusEvent): void {
    if (frame.type !== 'user_updated') return;
    this.#heard.set(frame.user_id, textOf(frame));
  }

  /** Whether nobody here was told so lately. */
  isNews(profile: Profile): boolean {
    const { user_id } = profile;
    return this.#heard.get(user_id) !== textOf(profile);
  }
}

const textOf = ({ display_name, avatar_url }: Profile): string => JSON.stringify([display_name, avatar_url]);
