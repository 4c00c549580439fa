import type { limits } from '@parley/protocol';

/** Code points of a message. The type holds it to the protocol's, whose code need not be loaded for it. */
export const contentLength: (typeof limits)['contentLength'] = 5000;

/** How long a text is, as the server counts: in code points. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** A text as it is sent: without empty lines before and white space after it. Indents stay, code may begin with them. */
export const prepared = (text: string): string => text.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd();

/** How many code points are left, once that is worth saying: from 90 % on. Negative: too many. */
export function roomLeft(text: string): number | null {
  if (text.length < contentLength * 0.9) return null;
  const left = contentLength - lengthOf(prepared(text));
  return left <= contentLength * 0.1 ? left : null;
}

export interface Selected {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What to put in place of the selection, and what to select then; both offsets from where the replacement begins. */
export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly select: readonly [start: number, end: number];
}

/** Puts marks such as `**` around the selection, or takes them away. */
export function toggleMark({ text, start, end }: Selected, mark: string): Replacement {
  const { length } = mark;
  const inside = text.slice(start, end);
  if (hasMark(text.slice(0, start), mark, 'end') && hasMark(text.slice(end), mark, 'start'))
    return { from: start - length, to: end + length, text: inside, select: [0, inside.length] };
  return { from: start, to: end, text: mark + inside + mark, select: [length, length + inside.length] };
}

/** Whether `mark` stands there by itself: the `*` of emphasis is not half of a `**`. */
function hasMark(text: string, mark: string, at: 'start' | 'end'): boolean {
  const run = (at === 'start' ? /^\*+/ : /\*+$/).exec(text)?.[0].length ?? 0;
  return run === mark.length || run === 3;
}

/** A link of the selected words, when what is pasted over them is an address; null if that is not so. */
export function linkOver({ text, start, end }: Selected, pasted: string): Replacement | null {
  const words = text.slice(start, end);
  const address = pasted.trim();
  if (words.trim() === '' || words.includes('\n') || /^https?:\/\//i.test(words)) return null;
  if (!/^https?:\/\/[^\s()<>]+$/i.test(address)) return null;
  const link = `[${words}](${address})`;
  return { from: start, to: end, text: link, select: [link.length, link.length] };
}

/** Puts something between two words, such as an emoji, where the caret is. */
export const insertion = ({ start, end }: Selected, text: string): Replacement => ({
  from: start,
  to: end,
  text,
  select: [text.length, text.length],
});
