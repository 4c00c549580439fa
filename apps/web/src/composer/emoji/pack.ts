/** Of `unicode-emoji-json`: its `data-by-group.json`, as far as it is used. */
export interface EmojiGroup {
  readonly name: string;
  readonly emojis: readonly {
    readonly emoji: string;
    readonly name: string;
    readonly emoji_version: string;
    readonly skin_tone_support: boolean;
  }[];
}

/** An emoji as short as it can be said: itself, its name, its Unicode version, 1 if it has skin tones, more words to find it by. */
export type PackedEmoji = readonly [
  emoji: string,
  name: string,
  version: number,
  toned: 0 | 1,
  words: string,
];
export type PackedGroup = readonly [name: string, emojis: readonly PackedEmoji[]];

/** What the app loads when somebody first opens the picker. `keywords`: `emojilib`'s, by emoji. Runs when the app is built. */
export const pack = (
  groups: readonly EmojiGroup[],
  keywords: Readonly<Record<string, readonly string[]>>,
): readonly PackedGroup[] =>
  groups.map(({ name, emojis }) => [
    name,
    emojis.map(({ emoji, name, emoji_version: version, skin_tone_support: toned }) => [
      emoji,
      name,
      Number(version),
      toned ? 1 : 0,
      wordsOf(name, keywords[emoji] ?? []).join(' '),
    ]),
  ]);

/** Words that the name does not say already. */
const wordsOf = (name: string, keywords: readonly string[]): string[] => [
  ...new Set(keywords.map((word) => word.replaceAll('_', ' ')).filter((word) => !name.includes(word))),
];
