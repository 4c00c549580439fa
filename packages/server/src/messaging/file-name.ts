import { withoutUnseen } from './unseen.ts';

/** The longest name that common file systems hold. */
const maxBytes = 255;
/** Longer endings are no extension that anybody would miss. */
const maxExtensionBytes = 32;

/**
 * Extensions that make a browser draw, or a system run, what is in the file, whatever that is: a picture can be made to
 * be a page, too.
 */
const active: ReadonlySet<string> = new Set(
  [
    'html htm xhtml xht shtml mht mhtml svg svgz xml xsl xslt pdf swf',
    'js mjs cjs jse vb vbs vbe wsf wsh hta ps1 psm1 bat cmd com exe scr pif msi msp cpl dll jar',
    'lnk url webloc reg inf chm scf desktop app appimage command tool terminal apk deb rpm dmg pkg',
    'php phtml asp aspx jsp',
  ].flatMap((line) => line.split(' ')),
);

/** What files of a type are called. Who allows other types decides what may be run. */
const extensions: ReadonlyMap<string, string> = new Map([
  ['image/jpeg', 'jpg'],
  ['image/png', 'png'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
  ['image/avif', 'avif'],
  ['application/pdf', 'pdf'],
  ['text/plain', 'txt'],
  ['application/zip', 'zip'],
  ['audio/mpeg', 'mp3'],
  ['video/mp4', 'mp4'],
]);

const bytes = (text: string): number => Buffer.byteLength(text);

/** A name from a stranger's machine, made safe to keep, show and save under: no path, nothing unseen, 1 to 255 bytes. */
export function cleanFileName(name: string | undefined): string {
  const cleaned = withoutUnseen(name ?? '');
  const base = cleaned.split(/[/\\]/).findLast((part) => part.trim() !== '') ?? '';
  // A dot or a blank at the end is dropped by some systems, so that `a.exe.` would run.
  const trimmed = base.trim().replace(/[. ]+$/, '');
  return trimmed === '' ? 'file' : shorten(trimmed, maxBytes);
}

/**
 * The name to keep for a file of this type. Where its extension would make somebody's machine run or draw it as another
 * type, the right one is added: `cat.html` that is a GIF becomes `cat.html.gif`. Nothing else is changed.
 */
export function fileNameFor(name: string | undefined, contentType: string): string {
  const cleaned = cleanFileName(name);
  const given = /\.([^.]+)$/.exec(cleaned)?.[1]?.toLowerCase() ?? '';
  const right = extensions.get(contentType);
  if (right === undefined || given === right || !active.has(given)) return cleaned;
  return `${shorten(cleaned, maxBytes - bytes(right) - 1)}.${right}`;
}

function shorten(name: string, size: number): string {
  if (bytes(name) <= size) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && bytes(name.slice(dot)) <= maxExtensionBytes ? name.slice(dot) : '';
  const stem = name.slice(0, name.length - extension.length);
  return cut(stem, size - bytes(extension)) + extension;
}

/** As many whole code points as fit. */
function cut(text: string, size: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(size));
  return text.slice(0, read);
}
