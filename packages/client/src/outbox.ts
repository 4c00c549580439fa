import type { Message, SendMessageBody } from '@parley/protocol';
import type { Cache } from './cache.ts';
import { closed, failure, toParleyError, type ParleyError } from './errors.ts';
import type { Feed } from './feed.ts';
import type { Host } from './host.ts';
import type { Entry } from './kept.ts';
import { deferred, newId, sleep, type Deferred } from './platform.ts';

export interface Sending {
  /** Changed by the outbox alone. */
  entry: Entry;
  readonly outcome: Deferred<Message>;
  retryAt: number | null;
  /** Once the server has it. Shown in its place until the event has come. */
  message: Message | null;
}

/** What the tabs of a browser tell each other of one. */
type News = Pick<Sending, 'entry' | 'retryAt' | 'message'> & { readonly isGone?: boolean };

/** Milliseconds; the pauses between tries grow from the first to the last. */
const firstPause = 1000;
const longestPause = 30_000;
/** Tries after which what the server can't do is taken for good. */
const maxFaults = 5;

/**
 * What was sent and is not known to have arrived. Those of a conversation go one after the other, each with its own
 * `client_id`, until the server has it or refuses it. Tabs that share a socket all have the same ones, and whoever has
 * the socket sends them: so they go on when the tab that they were written in is closed.
 */
export class Outbox {
  readonly #host: Host;
  readonly #feed: Feed;
  readonly #cache: Cache;
  readonly #reconnected: () => Promise<void>;
  readonly #sendings = new Map<string, Sending>();
  /** Conversations whose queue is being worked off. */
  readonly #running = new Set<string>();
  #order = Date.now();
  #isClosed = false;

  /** `reconnected` resolves when sending may work again, after what the network broke. */
  constructor(host: Host, feed: Feed, cache: Cache, reconnected: () => Promise<void>) {
    this.#host = host;
    this.#feed = feed;
    this.#cache = cache;
    this.#reconnected = reconnected;
  }

  get userId(): string {
    return this.#feed.store.replica.userId;
  }

  /** Resolves when the server has it; rejects when it refuses it. */
  add(conversationId: string, body: SendMessageBody): Promise<Message> {
    const { client_id = newId() } = body;
    return this.#send({
      client_id,
      conversation_id: conversationId,
      body: { ...body, client_id },
      created_at: new Date().toISOString(),
      order: this.#order++,
      after_seq: null,
      error: null,
    });
  }

  /** Takes up what was kept, if it is not here already. */
  restore(entries: readonly Entry[]): void {
    for (const entry of [...entries].sort((a, b) => a.order - b.order))
      if (!this.#sendings.has(entry.client_id)) this.#enter(entry);
  }

  /** Sends a failed one again, behind all others. */
  retry(clientId: string): Promise<Message> {
    const sending = this.#sendings.get(clientId);
    if (sending === undefined)
      return Promise.reject(failure('message_not_found', 'There is no such message', 404));
    if (sending.entry.error === null) return sending.outcome.promise;
    // The clock of the tab, or of the day, that it was written in may have been ahead.
    this.#order = Math.max(this.#order, sending.entry.order + 1);
    return this.#send({ ...sending.entry, error: null, after_seq: null, order: this.#order++ });
  }

  /** Forgets one. What is under way may arrive nevertheless. */
  discard(clientId: string): void {
    const sending = this.#sendings.get(clientId);
    if (sending?.message !== null) return;
    this.#share({ ...sending, isGone: true });
    this.#remove(sending);
  }

  /** The server has this message of one's own. `isKnown`: so has the replica. */
  confirm(message: Message, isKnown: boolean): void {
    const sending = this.#sendings.get(message.client_id ?? '');
    if (sending === undefined) return;
    const { client_id } = sending.entry;
    if (sending.message === null) {
      sending.message = message;
      this.#cache.keep('unsent', client_id, null);
      if (this.#feed.link.leads) this.#share(sending);
    }
    sending.outcome.resolve(message);
    if (isKnown) this.#sendings.delete(client_id);
    this.#changed(sending);
  }

  /** Those of a conversation, in their order. */
  of(conversationId: string): readonly Readonly<Sending>[] {
    return [...this.#sendings.values()].filter(({ entry }) => entry.conversation_id === conversationId);
  }

  /** This side has the socket from now on. */
  lead(): void {
    for (const { entry } of this.#sendings.values()) void this.#run(entry.conversation_id);
  }

  /** To whoever has the socket: what is here. */
  shareAll(): void {
    for (const sending of this.#sendings.values()) this.#share(sending);
  }

  /** Another tab has told this. */
  told(news: unknown): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `#share` tells
    const { entry, retryAt, message, isGone } = news as News;
    const sending = this.#sendings.get(entry.client_id);
    if (message !== null) return this.#feed.store.acknowledge(message);
    if (sending === undefined) {
      if (isGone !== true) this.#enter(entry);
    } else if (sending.message !== null) this.#share(sending);
    else if (isGone === true) this.#remove(sending);
    else if (entry.order > sending.entry.order) this.#enter(entry);
    else if (entry.error !== null && entry.order === sending.entry.order) this.#fail(sending, entry);
    else if (this.#feed.link.leads) this.#share(sending);
    else {
      sending.retryAt = retryAt;
      this.#changed(sending);
    }
  }

  /** Tells who waits for one. */
  close(): void {
    this.#isClosed = true;
    for (const { outcome } of this.#sendings.values()) outcome.reject(closed());
  }

  #share({ entry, retryAt, message, isGone = false }: News): void {
    this.#feed.link.tell({ entry, retryAt, message, isGone } satisfies News);
  }

  #send(entry: Entry): Promise<Message> {
    this.#cache.keep('unsent', entry.client_id, entry);
    const sending = this.#enter(entry);
    this.#share(sending);
    // Whoever should send it may be gone.
    if (!this.#feed.link.leads) this.#feed.link.wake();
    return sending.outcome.promise;
  }

  #enter(entry: Entry): Sending {
    const outcome = deferred<Message>();
    // Who does not look at the promise sees it in the state.
    outcome.promise.catch(() => undefined);
    const sending: Sending = { entry, outcome, retryAt: null, message: null };
    this.#sendings.delete(entry.client_id);
    this.#sendings.set(entry.client_id, sending);
    this.#changed(sending);
    void this.#run(entry.conversation_id);
    return sending;
  }

  #changed({ entry }: Sending): void {
    this.#host.changed(entry.conversation_id);
  }

  #remove(sending: Sending): void {
    const { client_id } = sending.entry;
    sending.outcome.reject(failure('closed', 'The message was discarded'));
    this.#sendings.delete(client_id);
    this.#cache.keep('unsent', client_id, null);
    this.#changed(sending);
  }

  async #run(id: string): Promise<void> {
    if (this.#running.has(id)) return;
    this.#running.add(id);
    for (let next = this.#next(id); next !== undefined; next = this.#next(id)) await this.#deliver(next);
    this.#running.delete(id);
  }

  #next(id: string): Readonly<Sending> | undefined {
    return this.of(id).find((sending) => sending.entry.error === null && this.#isDue(sending));
  }

  /** Whether it is for this side to send it. */
  #isDue(sending: Readonly<Sending>): boolean {
    return (
      !this.#isClosed &&
      this.#feed.link.leads &&
      sending.message === null &&
      this.#sendings.get(sending.entry.client_id) === sending
    );
  }

  async #deliver(sending: Sending): Promise<void> {
    const { entry } = sending;
    for (let tries = 0, faults = 0; this.#isDue(sending); tries++) {
      try {
        return this.#feed.store.acknowledge(await this.#post(entry));
      } catch (thrown) {
        const error = toParleyError(thrown);
        if (error.status === 500) faults++;
        if (!this.#isDue(sending)) return;
        if (isFinal(error) || faults >= maxFaults) {
          const { code, message } = error;
          const after_seq = this.#feed.store.get(entry.conversation_id)?.last_seq ?? null;
          return this.#fail(sending, { ...entry, error: { code, message }, after_seq }, error);
        }
        await this.#wait(sending, error, tries);
      }
    }
  }

  /** Once, by the socket where there is one. */
  async #post({ conversation_id, body }: Entry): Promise<Message> {
    if (!this.#feed.isOpen) return this.#host.api.sendMessage(conversation_id, body);
    const answer = await this.#feed.request({ type: 'send_message', conversation_id, ...body });
    if (answer.type === 'message_ack') return answer.message;
    throw failure('internal', `The server answered ${answer.type}`, 500);
  }

  async #wait(sending: Sending, error: ParleyError, tries: number): Promise<void> {
    const ms =
      error.retryAfter === null ? Math.min(longestPause, firstPause * 2 ** tries) : error.retryAfter * 1000;
    // What the network broke is told by the connection.
    if (error.status === 429) sending.retryAt = Date.now() + ms;
    this.#share(sending);
    this.#changed(sending);
    const over = sleep(ms);
    await (error.code === 'network' ? Promise.race([over, this.#reconnected()]) : over);
    sending.retryAt = null;
    this.#changed(sending);
  }

  #fail(sending: Sending, entry: Entry, error?: ParleyError): void {
    sending.entry = entry;
    sending.outcome.reject(error ?? failure(entry.error?.code ?? '', entry.error?.message ?? ''));
    this.#cache.keep('unsent', entry.client_id, entry);
    if (error !== undefined) this.#share(sending);
    this.#changed(sending);
  }
}

/** Whether trying again would be answered the same. */
const isFinal = ({ status }: ParleyError): boolean =>
  status >= 400 && status < 500 && status !== 401 && status !== 408 && status !== 429;
