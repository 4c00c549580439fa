import type { BlobRange } from '../messaging/ports.ts';

/**
 * Which bytes a `Range` header asks for: null means all of them, `unsatisfiable` none that there are (RFC 9110, 14).
 * Several ranges at once are answered with everything, as that RFC allows.
 * @param size of the file in bytes
 */
export function parseRange(header: string | undefined, size: number): BlobRange | 'unsatisfiable' | null {
  const asked = /^bytes=(.*)$/i.exec(header?.trim() ?? '')?.[1];
  if (asked === undefined || asked.includes(',')) return null;
  const [, first, last] = /^\s*(\d*)-(\d*)\s*$/.exec(asked) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'unsatisfiable';
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start <= end ? { start, end } : 'unsatisfiable';
}
