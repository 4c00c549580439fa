import parseSafely from 'secure-json-parse';
import { clientFrames, type ClientFrames, type ErrorCode } from '@parley/protocol';
import { invalid, Refusal } from '../messaging/refusal.ts';
import { compile, type Checked } from '../messaging/validation.ts';
import {
  createHandlers,
  isWanted,
  type Commander,
  type FrameType,
  type Handlers,
  type HandlersDeps,
} from './command-handlers.ts';
import { CommandLog, type CommandLogger } from './command-log.ts';
import { errorFrame } from './error-frame.ts';

export interface CommandMeter {
  command(facts: {
    /** `unknown`: not a frame that clients send, or no JSON at all. */
    readonly type: FrameType | 'unknown';
    readonly outcome: 'ok' | 'refused' | 'failed';
    readonly ms: number;
  }): void;
  /** An `error` frame was sent. */
  error(code: ErrorCode): void;
}

export interface CommandsDeps extends HandlersDeps {
  readonly log: CommandLogger;
  readonly meter: CommandMeter;
}

type Checks = { readonly [K in FrameType]: (value: unknown) => Checked<ClientFrames[K]> };

const checks: Checks = {
  join_conversation: compile(clientFrames.join_conversation),
  leave_conversation: compile(clientFrames.leave_conversation),
  typing_start: compile(clientFrames.typing_start),
  typing_stop: compile(clientFrames.typing_stop),
  message_read: compile(clientFrames.message_read),
  send_message: compile(clientFrames.send_message),
  resume: compile(clientFrames.resume),
  refresh_token: compile(clientFrames.refresh_token),
  ping: compile(clientFrames.ping),
};

const isFrameType = (type: unknown): type is FrameType =>
  typeof type === 'string' && Object.hasOwn(checks, type);

/** Carries out the frames of clients. What fails is answered by an `error` frame, and the connection stays. */
export class Commands {
  readonly #deps: CommandsDeps;
  readonly #handlers: Handlers;
  readonly #log: CommandLog;

  constructor(deps: CommandsDeps) {
    this.#deps = deps;
    this.#log = new CommandLog(deps.log);
    this.#handlers = createHandlers(deps);
  }

  /** Takes a text frame; null for a binary one. Neither throws nor waits. */
  receive(from: Commander, text: string | null): void {
    const value = text === null ? undefined : parseJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#refuse(from, 'unknown', null, new Refusal('malformed_body'));
    }
    const type = 'type' in value ? value.type : undefined;
    if (!isFrameType(type)) {
      return this.#refuse(
        from,
        'unknown',
        value,
        invalid('/type', 'is not the type of a frame that clients send'),
      );
    }
    if (from.leaving) return this.#refuse(from, type, value, new Refusal('shutting_down', { retryAfter: 1 }));
    void this.#run(from, type, value);
  }

  async #run<K extends FrameType>(from: Commander, type: K, value: object): Promise<void> {
    const since = performance.now();
    from.begun();
    try {
      const checked = check(type, value);
      if (!checked.ok) throw new Refusal('validation_failed', { errors: checked.errors });
      const answer = await this.#handlers[type](from, checked.value);
      if (answer !== null && isWanted(answer)) from.send(answer);
      const ms = performance.now() - since;
      this.#deps.meter.command({ type, outcome: 'ok', ms });
      this.#log.done(from, type, value, answer, ms);
    } catch (error) {
      this.#refuse(from, type, value, error, performance.now() - since);
    } finally {
      from.finished();
    }
  }

  #refuse(from: Commander, type: FrameType | 'unknown', frame: object | null, error: unknown, ms = 0): void {
    const { meter } = this.#deps;
    const refusal = error instanceof Refusal ? error : new Refusal('internal', { cause: error });
    this.#log.refused(from, type, frame, refusal, error, ms);
    meter.command({ type, outcome: refusal.status >= 500 ? 'failed' : 'refused', ms });
    meter.error(refusal.code);
    from.send(errorFrame(refusal, frame === null ? undefined : requestIdOf(frame)));
  }
}

/** Checks walk into `metadata`; what is nested too deep for that is no valid frame either. */
function check<K extends FrameType>(type: K, value: object): Checked<ClientFrames[K]> {
  try {
    return checks[type](value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ok: false, errors: [{ path: '', message: 'is nested too deep' }] };
  }
}

/** As bodies are read over HTTP: what would be a prototype to a careless client is dropped. */
function parseJson(text: string): unknown {
  try {
    return parseSafely(text, { protoAction: 'remove', constructorAction: 'remove' });
  } catch {
    return undefined;
  }
}

/** Even a frame that is wrong is answered by its number, where that is right. */
function requestIdOf(frame: object): string | undefined {
  const id = 'request_id' in frame ? frame.request_id : undefined;
  return typeof id === 'string' && id.length <= 64 ? id : undefined;
}
