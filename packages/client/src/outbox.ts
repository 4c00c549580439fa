import type { Message, SendMessageBody } from '@parley/protocol';
import { failure, toParleyError, type ParleyError } from './errors.ts';
import { newId } from './platform.ts';
import type { PendingMessage } from './state.ts';

/** A message that was sent and may not have arrived, as it is kept. */
export interface Entry {
  readonly client_id: string;
  readonly conversation_id: string;
  readonly body: SendMessageBody;
  readonly created_at: string;
  /** Their order, as they were sent. */
  readonly order: number;
  /** The last message that there was when it failed: it stays behind that one. */
  readonly after_seq: number | null;
  readonly error: { readonly code: ParleyError['code']; readonly message: string } | null;
}

export interface OutboxDeps {
  readonly userId: string;
  /** Sends it once, by whichever way is open. @throws ParleyError */
  readonly send: (conversationId: string, body: SendMessageBody) => Promise<Message>;
  /** The server has it: tells `confirm`. */
  readonly confirm: (message: Message) => void;
  /** Resolves when sending may work again, after what the network broke. */
  readonly reconnected: () => Promise<void>;
  readonly lastSeq: (conversationId: string) => number;
  readonly changed: (conversationId: string) => void;
  /** Keeps an entry; null: removes it. */
  readonly save: (clientId: string, entry: Entry | null) => void;
}

export interface Sending {
  /** Changed by the outbox alone. */
  entry: Entry;
  readonly outcome: PromiseWithResolvers<Message>;
  retryAt: number | null;
  /** Once the server has it. Shown in its place until the event has come. */
  message: Message | null;
}

/** Milliseconds; the pauses between tries grow from the first to the last. */
const firstPause = 1000;
const longestPause = 30_000;
/** Tries after which what the server can't do is taken for good. */
const maxFaults = 5;

/**
 * What was sent and is not known to have arrived. Those of a conversation go one after the other, each with its own
 * `client_id`, until the server has it or refuses it.
 */
export class Outbox {
  readonly #deps: OutboxDeps;
  readonly #sendings = new Map<string, Sending>();
  /** Conversations whose queue is being worked off. */
  readonly #running = new Set<string>();
  #order = Date.now();
  #isClosed = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  get userId(): string {
    return this.#deps.userId;
  }

  /** Resolves when the server has it; rejects when it refuses it. */
  add(conversationId: string, body: SendMessageBody): Promise<Message> {
    const { client_id = newId() } = body;
    const entry: Entry = {
      client_id,
      conversation_id: conversationId,
      body: { ...body, client_id },
      created_at: new Date().toISOString(),
      order: this.#order++,
      after_seq: null,
      error: null,
    };
    return this.#enter(entry);
  }

  /** Takes up what was kept, if it is not here already. */
  restore(entries: readonly Entry[]): void {
    for (const entry of entries.toSorted((a, b) => a.order - b.order))
      if (!this.#sendings.has(entry.client_id)) void this.#enter(entry);
  }

  /** Sends a failed one again, behind all others. */
  retry(clientId: string): Promise<Message> {
    const sending = this.#sendings.get(clientId);
    if (sending === undefined)
      return Promise.reject(failure('message_not_found', 'There is no such message', 404));
    if (sending.entry.error === null) return sending.outcome.promise;
    return this.#enter({ ...sending.entry, error: null, after_seq: null, order: this.#order++ });
  }

  /** Forgets one. What is under way may arrive nevertheless. */
  discard(clientId: string): void {
    const sending = this.#sendings.get(clientId);
    if (sending?.message !== null) return;
    sending.outcome.reject(failure('closed', 'The message was discarded'));
    this.#remove(sending);
  }

  /** The server has this message of one's own. `isKnown`: so has the replica. */
  confirm(message: Message, isKnown: boolean): void {
    const sending = this.#sendings.get(message.client_id ?? '');
    if (sending === undefined) return;
    const { client_id, conversation_id } = sending.entry;
    if (sending.message === null) this.#deps.save(client_id, null);
    sending.message = message;
    sending.outcome.resolve(message);
    if (isKnown) this.#sendings.delete(client_id);
    this.#deps.changed(conversation_id);
  }

  /** Those of a conversation, in their order. */
  of(conversationId: string): readonly Readonly<Sending>[] {
    return [...this.#sendings.values()].filter(({ entry }) => entry.conversation_id === conversationId);
  }

  close(): void {
    this.#isClosed = true;
  }

  #enter(entry: Entry): Promise<Message> {
    const outcome = Promise.withResolvers<Message>();
    // Who does not look at the promise sees it in the state.
    outcome.promise.catch(() => undefined);
    this.#sendings.delete(entry.client_id);
    this.#sendings.set(entry.client_id, { entry, outcome, retryAt: null, message: null });
    this.#deps.save(entry.client_id, entry);
    this.#deps.changed(entry.conversation_id);
    if (entry.error === null) void this.#run(entry.conversation_id);
    return outcome.promise;
  }

  #remove({ entry }: Sending): void {
    this.#sendings.delete(entry.client_id);
    this.#deps.save(entry.client_id, null);
    this.#deps.changed(entry.conversation_id);
  }

  async #run(id: string): Promise<void> {
    if (this.#running.has(id)) return;
    this.#running.add(id);
    for (let next = this.#next(id); next !== undefined; next = this.#next(id)) await this.#deliver(next);
    this.#running.delete(id);
  }

  #next(id: string): Sending | undefined {
    if (this.#isClosed) return undefined;
    for (const sending of this.#sendings.values())
      if (sending.entry.conversation_id === id && sending.entry.error === null && sending.message === null)
        return sending;
    return undefined;
  }

  async #deliver(sending: Sending): Promise<void> {
    const { conversation_id: id, body, client_id } = sending.entry;
    const isDone = () =>
      this.#isClosed || sending.message !== null || this.#sendings.get(client_id) !== sending;
    for (let tries = 0, faults = 0; !isDone(); tries++) {
      try {
        return this.#deps.confirm(await this.#deps.send(id, body));
      } catch (thrown) {
        const error = toParleyError(thrown);
        if (error.status === 500) faults++;
        if (isDone()) return;
        if (isFinal(error) || faults >= maxFaults) return this.#fail(sending, error);
        await this.#wait(sending, error, tries);
      }
    }
  }

  async #wait(sending: Sending, error: ParleyError, tries: number): Promise<void> {
    const ms =
      error.retryAfter === null ? Math.min(longestPause, firstPause * 2 ** tries) : error.retryAfter * 1000;
    sending.retryAt = Date.now() + ms;
    this.#deps.changed(sending.entry.conversation_id);
    const over = new Promise<void>((resolve) => setTimeout(resolve, ms));
    await (error.code === 'network' ? Promise.race([over, this.#deps.reconnected()]) : over);
    sending.retryAt = null;
    this.#deps.changed(sending.entry.conversation_id);
  }

  #fail(sending: Sending, error: ParleyError): void {
    const { code, message } = error;
    const { conversation_id: id, client_id } = sending.entry;
    sending.entry = { ...sending.entry, error: { code, message }, after_seq: this.#deps.lastSeq(id) };
    sending.outcome.reject(error);
    this.#deps.save(client_id, sending.entry);
    this.#deps.changed(id);
  }
}

/** Whether trying again would be answered the same. */
const isFinal = ({ status }: ParleyError): boolean =>
  status >= 400 && status < 500 && status !== 401 && status !== 408 && status !== 429;

/** As it is shown. */
export function pendingMessage({ entry, retryAt }: Readonly<Sending>, userId: string): PendingMessage {
  const { client_id, conversation_id, body, created_at, error } = entry;
  const shown = {
    key: client_id,
    id: client_id,
    client_id,
    conversation_id,
    seq: null,
    sender_id: userId,
    content: body.content,
    message_type: body.message_type ?? 'text',
    reply_to_id: body.reply_to_id ?? null,
    metadata: body.metadata ?? noMetadata,
    created_at,
  };
  return error === null ? { ...shown, status: 'sending', retryAt } : { ...shown, status: 'failed', error };
}

const noMetadata = {};
