import { useState, type ReactNode } from 'react';
import type { UserStatus } from '@parley/client';

interface AvatarProps {
  /** Decides the colour, so that it stays the same for one person. */
  readonly id: string;
  readonly name: string;
  readonly url?: string | null | undefined;
  readonly size?: 24 | 32 | 40 | 64;
  readonly status?: UserStatus['status'] | undefined;
  readonly isGroup?: boolean;
}

/** A picture, or initials. Names stand beside it, so it says nothing itself but the status. */
export function Avatar({ id, name, url, size = 40, status, isGroup = false }: AvatarProps): ReactNode {
  const [isBroken, setBroken] = useState(false);
  const hasPicture = typeof url === 'string' && !isBroken;
  return (
    <span className={`avatar avatar-${size} ${isGroup ? 'avatar-group' : ''}`} data-hue={hueOf(id)}>
      {hasPicture ? (
        <img src={url} alt="" width={size} height={size} onError={() => setBroken(true)} />
      ) : (
        <span aria-hidden="true">{initialsOf(name)}</span>
      )}
      {status !== undefined && status !== 'offline' && (
        <span className={`avatar-status avatar-status-${status}`}>
          <span className="hidden-text">{status}</span>
        </span>
      )}
    </span>
  );
}

/** One of eight hues; the styles have them. */
export function hueOf(id: string): number {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_536;
  return hash % 8;
}

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** From a letter, a digit or a picture to the end of a word. */
const wordStarts = /[\p{L}\p{N}\p{Extended_Pictographic}]\S*/gu;
const firstOf = (word: string): string =>
  segments.segment(word)[Symbol.iterator]().next().value?.segment ?? '';

function initialsOf(name: string): string {
  // Not a bracket or a quotation mark, unless there is nothing else.
  const words = name.match(wordStarts) ?? [name.trim()];
  const last = words.length > 1 ? firstOf(words.at(-1) ?? '') : '';
  return `${firstOf(words[0] ?? '')}${last}`.toLocaleUpperCase();
}
