import type { Shelf } from '../kept.ts';
import { isTone, type Tone } from './emoji-data.ts';

/** As many as stand in a row. */
export const maxRecent = 7;

export interface EmojiHabits {
  readonly tone: Tone;
  /** The last one first. */
  readonly recent: readonly string[];
}

/** With one more that was used. */
export const used = (recent: readonly string[], emoji: string): readonly string[] =>
  [emoji, ...recent.filter((each) => each !== emoji)].slice(0, maxRecent);

export function readHabits(shelf: Shelf | null): EmojiHabits {
  const [tone = 'none', ...recent] = (shelf?.emoji ?? '').split(' ').filter((word) => word !== '');
  return { tone: isTone(tone) ? tone : 'none', recent: recent.slice(0, maxRecent) };
}

export function keepHabits(shelf: Shelf | null, { tone, recent }: EmojiHabits): void {
  if (shelf !== null) shelf.emoji = [tone, ...recent].join(' ');
}
