import { withoutUnseen } from './unseen.ts';

/** The longest name that common file systems hold. */
const maxBytes = 255;
/** Longer endings are no extension that anybody would miss. */
const maxExtensionBytes = 32;

const bytes = (text: string): number => Buffer.byteLength(text);

/** A name from a stranger's machine, made safe to keep, show and save under: no path, nothing unseen, 1 to 255 bytes. */
export function cleanFileName(name: string | undefined): string {
  const cleaned = withoutUnseen(name ?? '');
  const base = cleaned.split(/[/\\]/).findLast((part) => part.trim() !== '') ?? '';
  // A dot or a blank at the end is dropped by some systems, so that `a.exe.` would run.
  const trimmed = base.trim().replace(/[. ]+$/, '');
  return trimmed === '' ? 'file' : shorten(trimmed);
}

function shorten(name: string): string {
  if (bytes(name) <= maxBytes) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && bytes(name.slice(dot)) <= maxExtensionBytes ? name.slice(dot) : '';
  const stem = name.slice(0, name.length - extension.length);
  return cut(stem, maxBytes - bytes(extension)) + extension;
}

/** As many whole code points as fit. */
function cut(text: string, size: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(size));
  return text.slice(0, read);
}
