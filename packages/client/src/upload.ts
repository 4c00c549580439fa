import type { Message } from '@parley/protocol';
import { failure, toParleyError } from './errors.ts';
import { refusalOf, type Http, type Init, type RequestOptions } from './http.ts';
import { newId } from './platform.ts';

/** A file with a name, or bytes without one. React Native's `{uri, name, type}` is taken as well. */
export type UploadFile = Blob | { readonly uri: string; readonly name: string; readonly type: string };

export interface UploadOptions extends RequestOptions {
  /** The caption. */
  readonly content?: string;
  /** What to call it, if it has no name of its own. */
  readonly fileName?: string;
  /** Give the same one again to retry: it is posted at most once. */
  readonly clientId?: string;
  /** Called as bytes leave; both in bytes, `total` with the form around the file. */
  readonly onProgress?: (progress: { readonly loaded: number; readonly total: number }) => void;
}

interface Fields {
  append(name: string, value: unknown, fileName: string): void;
}

interface Xhr {
  readonly status: number;
  readonly responseText: string;
  readonly upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null };
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(body: FormData): void;
  abort(): void;
}

/**
 * Posts a file as a message.
 * @throws ParleyError `file_too_large`, `file_type_not_allowed`, `muted`, `rate_limited`, `aborted`, …
 */
export async function upload(
  http: Http,
  conversationId: string,
  file: UploadFile,
  options: UploadOptions = {},
): Promise<Message> {
  const { content, clientId = newId(), fileName } = options;
  const form = new FormData();
  // The server reads fields before the file.
  if (content !== undefined) form.append('content', content);
  form.append('client_id', clientId);
  const name = fileName ?? ('name' in file ? file.name : 'file');
  // React Native's own FormData takes its kind of file.
  const fields: Fields = form;
  fields.append('file', file, name);
  const path = `/api/conversations/${encodeURIComponent(conversationId)}/upload`;
  const { tokens } = http;
  for (let tries = 1; ; tries++) {
    let token: string | null = null;
    try {
      token = await tokens.get();
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- where there is one, it is like this
      const { XMLHttpRequest } = globalThis as { XMLHttpRequest?: new () => Xhr };
      return http.parse<Message>(
        XMLHttpRequest === undefined
          ? await byStream(http, path, token, form, options)
          : await byXhr(new XMLHttpRequest(), http.origin, path, token, form, options),
      );
    } catch (thrown) {
      const error = toParleyError(thrown);
      if (error.status !== 401 || token === null || tries > 1) throw error;
      tokens.refuse(token);
    }
  }
}

/** The only way in browsers to learn how much has left. */
function byXhr(
  xhr: Xhr,
  origin: string,
  path: string,
  token: string,
  form: FormData,
  options: UploadOptions,
): Promise<string> {
  const { signal, onProgress } = options;
  const abort = () => xhr.abort();
  return new Promise<string>((resolve, reject) => {
    xhr.open('POST', origin + path);
    xhr.setRequestHeader('authorization', `Bearer ${token}`);
    if (onProgress !== undefined)
      xhr.upload.onprogress = ({ loaded, total }) => onProgress({ loaded, total });
    xhr.onload = () => {
      const { status, responseText } = xhr;
      if (status < 300) resolve(responseText);
      else reject(refusalOf(origin, status, responseText, { get: (name) => xhr.getResponseHeader(name) }));
    };
    xhr.onerror = () => reject(failure('network', 'The upload failed'));
    xhr.onabort = () => reject(failure('aborted', 'The upload was aborted'));
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) reject(failure('aborted', 'The upload was aborted'));
    else xhr.send(form);
  }).finally(() => signal?.removeEventListener('abort', abort));
}

/** Bytes between two tellings of how much has left. */
const partBytes = 65_536;

/** Where `fetch` streams: it counts what it takes. */
async function byStream(
  http: Http,
  path: string,
  token: string,
  form: FormData,
  { signal, onProgress }: UploadOptions,
): Promise<string> {
  const encoded = new Response(form);
  const type = encoded.headers.get('content-type') ?? '';
  const blob = await encoded.blob();
  const total = blob.size;
  let loaded = 0;
  const counted = new ReadableStream<Uint8Array>({
    async pull(out) {
      if (loaded === total) return out.close();
      const part = await blob.slice(loaded, loaded + partBytes).arrayBuffer();
      out.enqueue(new Uint8Array(part));
      loaded += part.byteLength;
      onProgress?.({ loaded, total });
    },
  });
  const init = { method: 'POST', headers: { 'content-type': type }, duplex: 'half' };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `duplex` is not in every version of the types
  const sent = { ...init, body: counted } as Init;
  return http.send(path, sent, token, (answer) => answer.text(), signal, 0);
}
