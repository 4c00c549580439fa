import { finished } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { limits } from '@parley/protocol';
import { Refusal } from '../messaging/refusal.ts';
import { countArrival } from './upload-garbage.ts';

export interface FormFile {
  /** As the form says it. */
  readonly fileName?: string;
  readonly source: AsyncIterable<Uint8Array>;
}

export interface MultipartOptions {
  /** The field that holds the file. */
  readonly fileField: string;
  /** Bytes that the file may have. All the rest together may have as many as any other body. */
  readonly maxFileSize: number;
  /** Told of a field once it is known; may throw a Refusal. */
  readonly onField: (name: string, value: string) => void;
}

/** Far more parts and headers than a real form has. */
const partLimits = { parts: 32, fields: 32, files: 32, headerPairs: 32, headerSize: 8 * 1024 };

/**
 * A `multipart/form-data` body, read as it comes and no faster than its file is taken: what waits in memory is a
 * piece, not the file. Fields may come before the file and after it.
 */
export class MultipartForm {
  readonly #body: IncomingMessage;
  readonly #options: MultipartOptions;
  readonly #file = Promise.withResolvers<FormFile | null>();
  readonly #end = Promise.withResolvers<void>();
  #parser: BusboyInstance | null = null;
  #stream: BusboyFileStream | null = null;
  #failure: Error | null = null;
  #size = 0;

  constructor(body: IncomingMessage, options: MultipartOptions) {
    this.#body = body;
    this.#options = options;
    // Both are rejected together, and nobody may be waiting for one of them.
    this.#file.promise.catch(() => undefined);
    this.#end.promise.catch(() => undefined);
  }

  /**
   * Reads up to the file; null if there is none.
   * @throws Refusal `malformed_body`, `file_too_large` if the announced length can't hold an allowed file,
   * `payload_too_large`, and what `onField` throws. So do reading the file and `end`.
   */
  file(): Promise<FormFile | null> {
    this.#start();
    return this.#file.promise;
  }

  /** Resolves once the form has been read to its end. The file must have been read before. */
  end(): Promise<void> {
    return this.#end.promise;
  }

  /** Stops reading. What has not come yet is nobody's business any more. */
  close(): void {
    if (this.#parser !== null) this.#body.unpipe(this.#parser);
    this.#stream?.destroy();
  }

  #start(): void {
    if (Number(this.#body.headers['content-length']) > this.#most)
      return this.#fail(new Refusal('file_too_large'));
    try {
      this.#parser = this.#parse();
    } catch (cause) {
      // No boundary, for example.
      return this.#fail(new Refusal('malformed_body', { cause }));
    }
    finished(this.#body, { writable: false }, (cause) => {
      if (cause) this.#fail(new Refusal('malformed_body', { cause }));
    });
    this.#body.on('data', (chunk: Buffer) => this.#count(chunk));
    this.#body.pipe(this.#parser);
  }

  #parse(): BusboyInstance {
    const contentType = this.#body.headers['content-type'] ?? '';
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      limits: { ...partLimits, fieldSize: limits.bodyBytes },
      isPartAFile: (name, _type, fileName) => name === this.#options.fileField || fileName !== undefined,
    });
    const tooMuch = () => this.#fail(new Refusal('payload_too_large'));
    parser.on('file', (name, stream, fileName) => this.#onFile(name, stream, fileName));
    parser.on('field', (name, value) => this.#onField(name, value));
    parser.on('partsLimit', tooMuch).on('filesLimit', tooMuch).on('fieldsLimit', tooMuch);
    parser.on('error', (cause) => this.#fail(new Refusal('malformed_body', { cause })));
    parser.on('finish', () => this.#finish());
    return parser;
  }

  get #most(): number {
    return this.#options.maxFileSize + limits.bodyBytes;
  }

  #count(chunk: Buffer): void {
    countArrival(chunk.length);
    this.#size += chunk.length;
    if (this.#size > this.#most) this.#fail(new Refusal('payload_too_large'));
  }

  #onField(name: string, value: string): void {
    try {
      this.#options.onField(name, value);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error('A field was refused', { cause: error }));
    }
  }

  #onFile(name: string, stream: BusboyFileStream, fileName: string | undefined): void {
    // The parser also reports here that the form breaks off; `#fail` says so to whoever reads the file.
    stream.on('error', () => undefined);
    if (name !== this.#options.fileField || this.#failure !== null) {
      stream.resume();
    } else if (this.#stream !== null) {
      stream.resume();
      const message = 'may be given once';
      this.#fail(new Refusal('validation_failed', { errors: [{ path: `/${name}`, message }] }));
    } else {
      this.#stream = stream;
      this.#file.resolve({
        ...(fileName !== undefined && { fileName: unescaped(fileName) }),
        source: this.#read(stream),
      });
    }
  }

  async *#read(stream: BusboyFileStream) {
    try {
      for await (const chunk of stream) yield asBytes(chunk);
    } catch (error) {
      throw this.#failure ?? error;
    }
    // Where the form breaks off, its parser ends the file as if all were well.
    if (this.#failure !== null) throw this.#failure;
  }

  #finish(): void {
    this.#file.resolve(null);
    this.#end.resolve();
  }

  #fail(failure: Error): void {
    if (this.#failure !== null) return;
    this.#failure = failure;
    this.#file.reject(failure);
    this.#end.reject(failure);
    if (this.#parser !== null) this.#body.unpipe(this.#parser);
    this.#stream?.destroy(failure);
  }
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('A form part is read as bytes');
}

/** A name as it was: browsers write these three characters of it, and no others, as escapes (HTML, section 4.10.22.8). */
const unescaped = (name: string): string =>
  name.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n');
