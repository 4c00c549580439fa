import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OpenFile } from '../messaging/files.ts';
import { Refusal } from '../messaging/refusal.ts';
import { parseRange } from './byte-range.ts';
import { contentDisposition } from './content-disposition.ts';

/** Whatever a file holds, no browser runs it here, guesses another type for it, or tells others where it came from. */
const harmless = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'Referrer-Policy': 'no-referrer',
};

/** To be asked for anew each time, as its viewer may have left the conversation meanwhile; mostly a 304. */
const caching = { 'Cache-Control': 'private, no-cache', Vary: 'Authorization' };

/** Answers a file: all of it, the range that was asked for, or that the client has it already (RFC 9110). */
export async function serveFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: OpenFile,
): Promise<FastifyReply> {
  const { headers } = request;
  const etag = `"${file.tag}"`;
  if (includesTag(headers['if-none-match'], etag)) {
    return reply
      .status(304)
      .headers({ ...caching, ETag: etag })
      .send();
  }
  const range = rangeOf(request, etag, file.size);
  if (range === 'unsatisfiable') {
    reply.header('Content-Range', `bytes */${file.size}`);
    throw new Refusal('range_not_satisfiable');
  }
  // Before any header is set: a file that can't be read is answered like any other error.
  const body = request.method === 'HEAD' ? Readable.from([]) : streamOf(await file.read(range ?? undefined));
  reply.headers({ ...harmless, ...caching, ETag: etag, 'Content-Type': typeOf(file) });
  reply.header('Content-Disposition', contentDisposition(file.fileName, file.contentType));
  if (file.size === null) return reply.header('Accept-Ranges', 'none').send(body);
  reply.header('Accept-Ranges', 'bytes');
  if (range === null) return reply.header('Content-Length', file.size).send(body);
  return reply
    .status(206)
    .header('Content-Range', `bytes ${range.start}-${range.end}/${file.size}`)
    .header('Content-Length', range.end - range.start + 1)
    .send(body);
}

function rangeOf({ method, headers }: FastifyRequest, etag: string, size: number | null) {
  if (method !== 'GET' || size === null) return null;
  // Of a file that has changed since, a piece would not fit what the client has. We give no dates, so none matches.
  const ifRange = headers['if-range'];
  return ifRange === undefined || ifRange === etag ? parseRange(headers.range, size) : null;
}

/** Whether `If-None-Match` names the tag; weakly compared, as it is to be. */
function includesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

const typeOf = ({ contentType }: OpenFile): string =>
  contentType === 'text/plain' ? 'text/plain; charset=utf-8' : contentType;

const streamOf = (bytes: AsyncIterable<Uint8Array>): Readable =>
  bytes instanceof Readable ? bytes : Readable.from(bytes);
