import type { Conversation, Message, ServerFrame, ServerFrames, SyncAnswer } from '@parley/protocol';
import type { ParleyApi } from './api.ts';
import { failure, toParleyError, type ParleyError } from './errors.ts';
import type { ParleyEvent } from './events.ts';
import type { Link, LinkListener, LinkStatus } from './link.ts';
import { Replica } from './replica/replica.ts';
import { Requests, type Command } from './requests.ts';
import { Typing } from './typing.ts';

export interface FeedDeps {
  readonly api: ParleyApi;
  readonly userId: string;
  readonly makeLink: (to: LinkListener) => Link;
  /** Whether messages of it are shown, so that they must be there. */
  readonly isShown: (conversationId: string) => boolean;
  /** What a conversation shows changed; null: of all of them. */
  readonly changed: (conversationId: string | null) => void;
  readonly emit: (event: ParleyEvent) => void;
  /** The server has a message of one's own; `isKnown`: so has the replica. */
  readonly confirm: (message: Message, isKnown: boolean) => void;
  /** A conversation is not there any more. */
  readonly lost: (conversationId: string, access: 'removed' | 'deleted') => void;
  /** Everything up to now is known. */
  readonly caughtUp: () => void;
  /** This side has the socket from now on. */
  readonly leads: () => void;
}

export type FeedStatus =
  | Exclude<LinkStatus, { status: 'open' }>
  | { readonly status: 'catching_up' | 'live' };

/** Milliseconds. */
const retryMs = 2000;
/** Between two moves of the cursor on a connection that stands: what a return has to read stays short. */
const advanceMs = 10 * 60_000;
/** Conversations of a page of the list. */
const listLimit = 100;
const shown = 100;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Keeps a replica up to date: reads what was missed when a connection begins, lets events wait meanwhile, and reads anew
 * what neither events nor catching up could tell.
 */
export class Feed {
  readonly replica: Replica;
  readonly typing: Typing;
  readonly link: Link;
  status: FeedStatus = { status: 'connecting' };
  /** Where to go on; null before anything was read. */
  cursor: string | null = null;
  /** Where the list of conversations goes on: `undefined` at its beginning, null at its end. */
  listCursor: string | null | undefined;
  readonly #deps: FeedDeps;
  readonly #requests = new Requests();
  /** Events that wait for a catch-up; null while live. */
  #behind: ServerFrame[] | null = [];
  /** Counts catch-ups: an earlier one must not end a later one. */
  #run = 0;
  /** Conversations that are being read, and the events that wait for that. */
  readonly #reading = new Map<string, ServerFrame[]>();
  /** The last message of each conversation that was told of. */
  readonly #heard = new Map<string, number>();
  #isOpen = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.replica = new Replica(deps.userId);
    this.typing = new Typing(deps.changed);
    this.link = deps.makeLink({
      status: (status) => this.#linkChanged(status),
      frame: (frame) => this.#receive(frame),
      missed: () => void this.#catchUp(null),
      leads: () => deps.leads(),
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.link.leads && this.#behind === null) this.#resume();
    }, advanceMs);
    this.link.start();
  }

  stop(): void {
    this.#run++;
    clearInterval(this.#timer);
    this.link.stop();
    this.typing.clear();
    this.#requests.fail(failure('closed', 'The client was closed'));
  }

  // --- asking ---------------------------------------------------------------------------------------------------------

  /**
   * Sends a frame and awaits its answer.
   * @throws ParleyError the server's refusal; `network` without a connection, or without an answer: it may have worked
   */
  async request(frame: Command): Promise<ServerFrame> {
    if (!this.#isOpen) throw failure('network', 'There is no connection');
    return this.#requests.ask(frame, (numbered) => this.link.send(numbered));
  }

  /** Reads a conversation by its pages, in place of what is held of it; events about it wait for that. */
  async read(id: string): Promise<void> {
    if (this.#reading.has(id)) return;
    const waiting: ServerFrame[] = [];
    this.#reading.set(id, waiting);
    const run = this.#run;
    try {
      await this.#readNow(id);
    } catch (thrown) {
      const error = toParleyError(thrown);
      if (error.status === 403 || error.status === 404)
        this.#lose(id, error.status === 404 ? 'deleted' : 'removed');
      // A catch-up that begins meanwhile tells what is missed here.
      else if (run === this.#run) void this.#readLater(id, run, error);
    } finally {
      this.#reading.delete(id);
      for (const frame of waiting) this.#take(frame);
      this.#deps.changed(id);
    }
  }

  /** Reads the next page of the list of conversations. */
  async list(archived = false, cursor?: string | null): Promise<string | null> {
    const page = await this.#deps.api.listConversations({
      limit: listLimit,
      ...(archived && { archived }),
      ...(typeof cursor === 'string' && { cursor }),
    });
    // What is held is followed by its events; what is read must not overtake them.
    for (const conversation of page.conversations) this.put(conversation);
    return page.next_cursor;
  }

  /** Takes a conversation that was read, if none is held. */
  put(conversation: Conversation): void {
    const { id } = conversation;
    if (this.replica.conversations.has(id) || this.#reading.has(id)) return;
    this.replica.putConversation(conversation);
    this.#deps.changed(id);
  }

  async #readLater(id: string, run: number, { retryAfter }: ParleyError): Promise<void> {
    await sleep((retryAfter ?? 0) * 1000 + retryMs);
    if (run === this.#run) await this.read(id);
  }

  async #readNow(id: string): Promise<void> {
    const { api } = this.#deps;
    const conversation = await api.getConversation(id);
    const newer = this.replica.conversations.get(id)?.version ?? 0;
    if (newer > conversation.version) return this.#readNow(id);
    const messages = this.#deps.isShown(id) ? (await api.listMessages(id)).messages : [];
    this.replica.forget(id);
    this.replica.putConversation(conversation);
    this.replica.putMessages(id, messages);
  }

  // --- catching up ----------------------------------------------------------------------------------------------------

  #linkChanged(status: LinkStatus): void {
    this.#isOpen = status.status === 'open';
    if (status.status !== 'open') {
      this.#run++;
      this.#behind ??= [];
      this.typing.clear();
      this.#requests.fail(failure('network', 'The connection was lost'));
      return this.#setStatus(status);
    }
    this.#setStatus({ status: 'catching_up' });
    if (!this.link.leads) return;
    this.#behind = [];
    if (this.cursor !== null) this.#resume();
  }

  #resume(): void {
    if (this.cursor !== null) this.link.send({ type: 'resume', cursor: this.cursor, request_id: resumeId });
  }

  #receive(frame: ServerFrame): void {
    this.#requests.answered(frame);
    switch (frame.type) {
      case 'message_ack':
        return this.acknowledge(frame.message);
      case 'connected':
        if (frame.user_id !== this.replica.userId) return this.#refuse();
        // Who shares another's socket catches up over HTTP.
        if (!this.link.leads) return void this.#catchUp(null);
        if (this.cursor === null) void this.#catchUp(frame.cursor);
        return;
      case 'sync':
        if (this.link.leads) return this.#synced(frame);
        break;
      case 'error':
        if (frame.request_id === resumeId) return void this.#catchUp(null);
        if (frame.request_id !== undefined) return;
        break;
      default:
        break;
    }
    if (this.#behind === null) this.#take(frame);
    else this.#behind.push(frame);
  }

  /** What is held must not be mixed with somebody else's. */
  #refuse(): void {
    this.link.stop();
    this.#linkChanged({
      status: 'refused',
      error: failure('invalid_token', "The token is somebody else's", 401),
    });
  }

  #synced(frame: ServerFrames['sync']): void {
    if (frame.reset) return void this.#catchUp(null, frame);
    this.#take(frame);
    if (!frame.has_more && this.#behind !== null) this.#goLive();
  }

  /** Over HTTP; events wait until it is done. Without a cursor, by reading the list; `from`: what it is then good for. */
  async #catchUp(from: string | null, reset?: SyncAnswer): Promise<void> {
    const run = ++this.#run;
    this.#behind = [];
    if (reset !== undefined) this.#apply(reset);
    this.#setStatus({ status: 'catching_up' });
    while (run === this.#run) {
      try {
        if (await this.#catchUpOnce(run, from, reset !== undefined)) this.#goLive();
        return;
      } catch (thrown) {
        const error = toParleyError(thrown);
        await sleep((error.retryAfter ?? 0) * 1000 + retryMs);
      }
    }
  }

  /** True when it is done, false if a later one has begun. */
  async #catchUpOnce(run: number, from: string | null, isReset: boolean): Promise<boolean> {
    const { api } = this.#deps;
    let mustList = isReset || this.cursor === null;
    const begin = mustList && !isReset ? (from ?? (await api.sync()).cursor) : this.cursor;
    for (let more = !mustList; more && run === this.#run;) {
      const answer = await api.sync(this.cursor ?? undefined);
      if (run !== this.#run) return false;
      more = answer.has_more && !answer.reset;
      mustList = answer.reset;
      this.#apply(answer);
    }
    if (!mustList) return run === this.#run;
    this.listCursor = undefined;
    const next = await this.list();
    if (run !== this.#run) return false;
    this.listCursor = next;
    this.cursor ??= begin;
    return true;
  }

  #goLive(): void {
    const waiting = this.#behind ?? [];
    this.#behind = null;
    for (const frame of waiting) this.#take(frame);
    this.#setStatus({ status: 'live' });
    this.#deps.caughtUp();
  }

  #setStatus(status: FeedStatus): void {
    if (this.status.status === status.status && !('error' in status)) return;
    this.status = status;
    this.#deps.emit({ type: 'connection', ...status });
    this.#deps.changed('');
  }

  // --- taking ---------------------------------------------------------------------------------------------------------

  #take(frame: ServerFrame): void {
    if (frame.type === 'sync') return this.#apply(frame);
    const id = 'conversation_id' in frame ? (frame.conversation_id ?? '') : '';
    const waiting = this.#reading.get(id);
    if (waiting !== undefined) return void waiting.push(frame);
    const held = this.replica.conversations.get(id);
    const isOld =
      frame.type === 'new_message'
        ? !this.#isNews(id, frame.message.seq)
        : 'version' in frame && frame.version <= (held?.version ?? 0);
    this.typing.note(frame, this.replica.userId);
    const stale = this.replica.apply(frame);
    if (frame.type === 'new_message') this.acknowledge(frame.message);
    if (held !== undefined && !this.replica.conversations.has(id))
      this.#deps.lost(id, frame.type === 'conversation_deleted' ? 'deleted' : 'removed');
    for (const each of stale) if (held !== undefined || this.lacks(each)) void this.read(each);
    this.#deps.changed(frame.type === 'user_updated' ? null : id);
    if (!isOld) this.#tell(frame);
  }

  #apply(answer: SyncAnswer): void {
    const before = new Map([...this.replica.conversations].map(([id, { last_seq }]) => [id, last_seq]));
    const stale = this.replica.applySync(answer);
    this.cursor = answer.cursor;
    for (const id of before.keys())
      if (!this.replica.conversations.has(id) && !answer.reset) this.#lose(id, 'removed');
    for (const entry of answer.conversations) {
      const id = entry.conversation_id;
      const mine = entry.participants.find(({ user_id }) => user_id === this.replica.userId);
      this.#deps.changed(id);
      const known = before.get(id) ?? mine?.joined_seq ?? Infinity;
      for (const message of entry.messages) {
        this.acknowledge(message);
        if (message.seq > known && this.#isNews(id, message.seq) && !message.is_deleted)
          this.#deps.emit({ type: 'new_message', conversation_id: id, version: message.version, message });
      }
    }
    for (const id of stale) if (before.has(id) || this.lacks(id)) void this.read(id);
    if (answer.reset || answer.users.length > 0) this.#deps.changed(null);
  }

  /** Whether less is held of a conversation than it shows of itself. */
  lacks(id: string): boolean {
    const held = this.replica.conversations.get(id);
    if (held === undefined) return true;
    return held.participants.length < Math.min(shown, held.participant_count);
  }

  /** Whether this message was not told of before. */
  #isNews(id: string, seq: number): boolean {
    if (seq <= (this.#heard.get(id) ?? 0)) return false;
    this.#heard.set(id, seq);
    return true;
  }

  /** The server has this message: one's own is on its way no longer. */
  acknowledge(message: Message): void {
    if (message.sender_id !== this.replica.userId || message.client_id === null) return;
    const held = this.replica.conversations.get(message.conversation_id);
    this.#deps.confirm(message, held === undefined || message.seq <= held.last_seq);
  }

  #lose(id: string, access: 'removed' | 'deleted'): void {
    this.replica.forget(id);
    this.#deps.lost(id, access);
    this.#deps.changed(id);
  }

  #tell(frame: ServerFrame): void {
    switch (frame.type) {
      case 'connected':
      case 'sync':
      case 'message_ack':
      case 'read_ack':
      case 'pong':
      case 'token_refreshed':
      case 'joined_conversation':
      case 'left_conversation':
        return;
      default:
        this.#deps.emit(frame);
    }
  }
}

/** Marks the answers to `resume`; the ids of others are random. */
const resumeId = 'resume';
