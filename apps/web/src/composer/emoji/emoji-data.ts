import type { EmojiData } from 'frimousse';
import type { PackedEmoji, PackedGroup } from './pack.ts';

export const tones = {
  none: '',
  light: '\u{1F3FB}',
  'medium-light': '\u{1F3FC}',
  medium: '\u{1F3FD}',
  'medium-dark': '\u{1F3FE}',
  dark: '\u{1F3FF}',
} as const;
export type Tone = keyof typeof tones;

export const isTone = (word: string): word is Tone => Object.hasOwn(tones, word);

export function nextTone(tone: Tone): Tone {
  const all = Object.keys(tones).filter(isTone);
  return all[(all.indexOf(tone) + 1) % all.length] ?? 'none';
}

/** A hand, or the like, in another skin tone. Each person of a group gets it; the handshake between two people does not. */
export function withTone(emoji: string, tone: Tone): string {
  const parts = emoji.split('\u200D');
  const isGroup = parts.length > 1;
  return parts
    .map((part) =>
      isGroup && part === '🤝'
        ? part
        : part.replace(/^(\p{Emoji_Modifier_Base})\uFE0F?/u, `$1${tones[tone]}`),
    )
    .join('\u200D');
}

/** Those that this machine can draw, in the shape that the picker wants. */
export function unpack(groups: readonly PackedGroup[], isDrawn: (emoji: string) => boolean): EmojiData {
  const newest = newestVersion(groups, isDrawn);
  const hasFlags = isDrawn('🇪🇺');
  return {
    locale: 'en',
    categories: groups.map(([label], index) => ({ index, label })),
    emojis: groups.flatMap(([, emojis], category) =>
      emojis
        .filter(([emoji, , version]) => version <= newest && (hasFlags || !isCountry(emoji)))
        .map(([emoji, name, version, toned, words]) => ({
          emoji,
          category,
          version,
          label: name.charAt(0).toUpperCase() + name.slice(1),
          tags: words === '' ? [] : words.split(' '),
          ...(toned === 1 && { skins: skinsOf(emoji) }),
        })),
    ),
    skinTones: {
      light: 'Light skin tone',
      'medium-light': 'Medium-light skin tone',
      medium: 'Medium skin tone',
      'medium-dark': 'Medium-dark skin tone',
      dark: 'Dark skin tone',
    },
  };
}

const isCountry = (emoji: string): boolean => /^\p{Regional_Indicator}{2}$/u.test(emoji);

const skinsOf = (emoji: string) => ({
  light: withTone(emoji, 'light'),
  'medium-light': withTone(emoji, 'medium-light'),
  medium: withTone(emoji, 'medium'),
  'medium-dark': withTone(emoji, 'medium-dark'),
  dark: withTone(emoji, 'dark'),
});

/** The newest Unicode version of which one is drawn; where none is, as without an emoji font, all are offered. */
function newestVersion(groups: readonly PackedGroup[], isDrawn: (emoji: string) => boolean): number {
  const samples = new Map<number, string>();
  for (const [emoji, , version] of groups.flatMap(([, emojis]): readonly PackedEmoji[] => emojis))
    if (!samples.has(version)) samples.set(version, emoji);
  const newestFirst = [...samples].sort(([a], [b]) => b - a);
  return (newestFirst.find(([, emoji]) => isDrawn(emoji)) ?? newestFirst[0])?.[0] ?? 0;
}

/** Whether this machine has a picture for an emoji: a picture keeps its colours, whatever the colour of the text is. */
export function isDrawnHere(emoji: string): boolean {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (context === null) return false;
  context.canvas.width = context.canvas.height = size;
  context.font = `${size}px "Apple Color Emoji", "Noto Color Emoji", "Segoe UI Emoji", sans-serif`;
  context.textBaseline = 'top';
  // One that is not known falls into its parts, side by side.
  if (context.measureText(emoji).width > size * 1.9) return false;
  const [blue, red] = ['#00f', '#f00'].map((colour) => pixelsOf(context, emoji, colour));
  return blue === red;
}

const size = 8;

function pixelsOf(context: CanvasRenderingContext2D, emoji: string, colour: string): string {
  context.clearRect(0, 0, size, size);
  context.fillStyle = colour;
  context.fillText(emoji, 0, 0);
  return context.getImageData(0, 0, size, size).data.join();
}
