import type { ClientFrame, ServerFrame } from '@parley/protocol';
import { failure, type ParleyError } from './errors.ts';
import { deferred, newId, type Deferred } from './platform.ts';

type Distribute<T> = T extends unknown ? Omit<T, 'request_id'> : never;
/** A frame without its number. */
export type Command = Distribute<ClientFrame>;

/** Milliseconds. */
const answerMs = 15_000;

/** Frames tell refusals by code alone; see `errors` of the protocol. */
const statuses: Readonly<Record<string, number>> = {
  invalid_token: 401,
  not_participant: 403,
  insufficient_role: 403,
  muted: 403,
  system_only: 403,
  conversation_not_found: 404,
  message_not_found: 404,
  idempotency_conflict: 409,
  validation_failed: 422,
  reply_not_found: 422,
  rate_limited: 429,
  unavailable: 503,
  shutting_down: 503,
};

/** Frames that are to be answered, by their numbers. */
export class Requests {
  readonly #asked = new Map<string, Deferred<ServerFrame>>();

  /**
   * Sends a frame and awaits its answer.
   * @throws ParleyError the server's refusal; `network` without an answer: it may have worked
   */
  async ask(frame: Command, send: (frame: ClientFrame) => void): Promise<ServerFrame> {
    const id = newId();
    const answer = deferred<ServerFrame>();
    this.#asked.set(id, answer);
    const timer = setTimeout(() => answer.reject(failure('network', 'There was no answer')), answerMs);
    send({ ...frame, request_id: id });
    try {
      const told = await answer.promise;
      if (told.type === 'error') throw failure(told.code, told.message, statuses[told.code] ?? 500, told);
      return told;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
    }
  }

  /** Takes any frame that may be an answer. */
  answered(frame: ServerFrame): void {
    if ('request_id' in frame) this.#asked.get(frame.request_id ?? '')?.resolve(frame);
  }

  /** None of them will be answered. */
  fail(error: ParleyError): void {
    for (const { reject } of this.#asked.values()) reject(error);
  }
}
