import { fileTypeFromBuffer } from 'file-type';
import type { Identified } from '../messaging/attachment.ts';
import { Refusal } from '../messaging/refusal.ts';
import { TextCheck } from './text-check.ts';

/** As much as `file-type` likes to see. */
const headBytes = 4100;

/**
 * What bytes are, by themselves: a content type, or null where that is unknown. Markup (HTML, SVG, XML) is never
 * `text/plain`: a browser that is lied to about it would run what it contains.
 * @param head the first 4,100 bytes, or all of them if there are fewer
 */
export async function sniff(head: Uint8Array): Promise<string | null> {
  const magic = (await fileTypeFromBuffer(head))?.mime;
  if (magic !== undefined && !weakMagic.has(magic)) return sameAs.get(magic) ?? magic;
  if (isPlainText(head)) return 'text/plain';
  return magic ?? null;
}

/** Two or three letters tell these formats, and could begin a sentence. Their real files are never clean text. */
const weakMagic: ReadonlySet<string> = new Set([
  'image/bmp',
  'audio/mpeg',
  'application/x-bzip2',
  'application/x-msdownload',
]);

/** An animated PNG is a PNG. */
const sameAs: ReadonlyMap<string, string> = new Map([['image/apng', 'image/png']]);

/** Looks at the first bytes of `source` and hands all of them on. Text is checked to its end. */
export async function identify(source: AsyncIterable<Uint8Array>): Promise<Identified> {
  const chunks = source[Symbol.asyncIterator]();
  const head = await readHead(chunks);
  const contentType = await sniff(head.subarray(0, headBytes));
  const body = joined(head, chunks);
  return {
    contentType,
    isEmpty: head.length === 0,
    body: contentType === 'text/plain' ? onlyText(body) : body,
  };
}

async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let size = 0; size < headBytes;) {
    const next = await chunks.next();
    if (next.done === true) break;
    parts.push(next.value);
    size += next.value.length;
  }
  return Buffer.concat(parts);
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>) {
  try {
    yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* onlyText(body: AsyncIterable<Uint8Array>) {
  const text = new TextCheck();
  for await (const chunk of body) {
    if (!text.accepts(chunk)) throw new Refusal('file_type_not_allowed');
    yield chunk;
  }
  if (!text.isWhole) throw new Refusal('file_type_not_allowed');
}

/** An element, comment, declaration or processing instruction, but neither `<3` nor `<me@here.org>`. */
const beginsAsMarkup = /^\s*<(?:[!?]|\/?[a-z][\w:.-]*(?:[\s/>]|$))/i;

/** Where these stand early on, old browsers take the whole for a document. */
const documentTag = /<(?:!doctype|\?xml|html|head|body|script|iframe|svg)[\s/>]/i;
const documentTagWithin = 1024;

function isPlainText(head: Uint8Array): boolean {
  if (head.length === 0 || !new TextCheck().accepts(head)) return false;
  const text = new TextDecoder().decode(head);
  return !beginsAsMarkup.test(text) && !documentTag.test(text.slice(0, documentTagWithin));
}
