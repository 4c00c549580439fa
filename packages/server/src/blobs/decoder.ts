import { fork, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { Refusal } from '../messaging/refusal.ts';
import { readAnswer, type FromDecoder, type ToDecoder } from './thumbnail-protocol.ts';

/** Of the environment the decoder gets what a program needs to start, and none of our secrets. */
const passedOn = ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'TEMP', 'SystemRoot'];

/**
 * For glibc, whose allocator otherwise keeps much of what an image took, so that the decoder grows from image to image
 * (to 500 MB in place of 280, for pictures that take 200 each).
 */
const thrifty = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072' };

/** How a process dies of what it was given. */
const crashes: ReadonlySet<string> = new Set([
  'SIGSEGV',
  'SIGBUS',
  'SIGABRT',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
]);

/** Characters of the decoder's last words that are kept for the log. */
const lastWords = 2000;

/** An image to decode: where it lies on this machine, or its bytes. */
export type DecoderInput = { readonly path: string } | { readonly bytes: AsyncIterable<Uint8Array> };

/** A decoder's process, for one image at a time. It doesn't keep ours alive unless it has work. */
export class Decoder {
  readonly #process: ChildProcess;
  /** Rejects when the process is gone, with the Refusal for the image that it had. */
  readonly #gone: Promise<never>;
  readonly #exit: Promise<void>;
  #hasEnded = false;
  #isLate = false;
  #stderr = '';

  constructor(program: URL) {
    const env = { ...Object.fromEntries(passedOn.map((name) => [name, process.env[name]])), ...thrifty };
    this.#process = fork(program, {
      execArgv: [],
      env,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const exit = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<never>();
    const die = (reason: string, signal: string | null, cause?: Error) => {
      this.#hasEnded = true;
      exit.resolve();
      gone.reject(this.#refusal(reason, signal, cause));
    };
    this.#process.on('error', (error) => die('could not be run', null, error));
    this.#process.on('exit', (code, signal) => die(`ended with ${signal ?? `code ${code}`}`, signal));
    this.#exit = exit.promise;
    this.#gone = gone.promise;
    // Nobody may be waiting when it goes.
    this.#gone.catch(() => undefined);
    this.#listen();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * @throws Refusal `file_type_not_allowed` if the decoder crashes, babbles or takes longer than `timeoutMs`;
   * `unavailable` if it can't be run or is ended from outside; what `image` throws
   */
  async decode(image: DecoderInput, timeoutMs: number): Promise<FromDecoder> {
    this.#hold();
    const timer = setTimeout(() => {
      this.#isLate = true;
      this.#process.kill('SIGKILL');
    }, timeoutMs);
    try {
      return await Promise.race([this.#ask(image), this.#gone]);
    } catch (error) {
      // It may have half an image by now: the next one gets a fresh process.
      void this.end();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#release();
    }
  }

  /** Ends it at once; resolves when it is gone. */
  end(): Promise<void> {
    this.#hasEnded = true;
    // Whoever waits for its end must not end before, for want of anything else to do.
    this.#process.ref();
    this.#process.kill('SIGKILL');
    return this.#exit;
  }

  async #ask(image: DecoderInput): Promise<FromDecoder> {
    const answered = new Promise<unknown>((resolve) => this.#process.once('message', resolve));
    if ('path' in image) {
      await this.#send({ kind: 'decode_file', path: image.path });
    } else {
      for await (const bytes of image.bytes) await this.#send({ kind: 'bytes', bytes });
      await this.#send({ kind: 'decode' });
    }
    const answer = readAnswer(await answered);
    if (answer === null) throw new Refusal('file_type_not_allowed');
    return answer;
  }

  /** Waits until the pipe has taken it, so that no more than a piece of the image is in our memory. */
  async #send(message: ToDecoder): Promise<void> {
    const error = await new Promise<Error | null>((resolve) => this.#process.send(message, resolve));
    // The pipe is broken since the process has gone or is about to; how it went decides what to answer.
    if (error !== null) await this.#gone;
  }

  #refusal(reason: string, signal: string | null, cause?: Error): Refusal {
    const words = this.#stderr === '' ? '' : `: ${this.#stderr}`;
    const details = { cause: new Error(`The image decoder ${reason}${words}`, cause && { cause }) };
    const byImage = this.#isLate || (signal !== null && crashes.has(signal));
    return new Refusal(byImage ? 'file_type_not_allowed' : 'unavailable', details);
  }

  #listen(): void {
    const { stderr } = this.#process;
    stderr?.on('data', (said: Buffer) => {
      this.#stderr = `${this.#stderr}${said.toString()}`.slice(-lastWords);
    });
    if (stderr instanceof Socket) stderr.unref();
    this.#release();
  }

  #hold(): void {
    this.#process.ref();
    this.#process.channel?.ref();
  }

  #release(): void {
    this.#process.unref();
    this.#process.channel?.unref();
  }
}
