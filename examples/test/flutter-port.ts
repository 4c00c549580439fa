/**
 * The Dart code of `docs/guide/flutter.md`, statement by statement, so that its steps can be walked with a real server.
 * Whoever changes one of the two changes the other.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientFrame, Conversation, Message, ServerFrame, SyncAnswer } from '@parley/protocol';

export interface ConnectionParts {
  readonly server: URL;
  readonly getToken: () => Promise<string>;
  readonly onEvent: (event: ServerFrame) => void;
  readonly onSync: (changes: SyncAnswer) => void;
  readonly readAnew: () => Promise<void>;
}

export class PortedConnection {
  readonly #parts: ConnectionParts;
  cursor: string | null;
  #channel: WebSocket | null = null;
  #pause: PromiseWithResolvers<void> | null = null;
  #failures = 0;
  #isClosed = false;

  constructor(parts: ConnectionParts, cursor: string | null = null) {
    this.#parts = parts;
    this.cursor = cursor;
  }

  async run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#connectOnce();
      } catch {
        // Tried again below.
      }
      if (!this.#isClosed) await this.#wait();
    }
  }

  async #connectOnce(): Promise<void> {
    const token = await this.#parts.getToken();
    const address = new URL('/api/ws', this.#parts.server);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    address.searchParams.set('token', token);
    const channel = new WebSocket(address);
    this.#channel = channel;
    const frames = framesOf(channel);
    await opened(channel);
    if (this.cursor !== null) this.send({ type: 'resume', cursor: this.cursor, request_id: 'resume' });
    const heartbeat = setInterval(() => this.send({ type: 'ping' }), 25_000);
    try {
      for await (const data of frames) {
        await this.#take(JSON.parse(data) as ServerFrame);
      }
    } finally {
      clearInterval(heartbeat);
      channel.close();
    }
  }

  async #take(frame: ServerFrame): Promise<void> {
    switch (frame.type) {
      case 'connected':
        if (this.cursor !== null) return;
        await this.#parts.readAnew();
        this.cursor = frame.cursor;
        this.#failures = 0;
        break;
      case 'sync':
        if (frame.reset) await this.#parts.readAnew();
        else this.#parts.onSync(frame);
        this.cursor = frame.cursor;
        this.#failures = 0;
        break;
      case 'error':
        if (frame.request_id === 'resume') {
          if (frame.code === 'validation_failed') this.cursor = null;
          throw new Error(frame.message);
        }
        this.#parts.onEvent(frame);
        break;
      case 'pong':
        return;
      default:
        this.#parts.onEvent(frame);
    }
  }

  #wait(): Promise<void> {
    const most = Math.min(30_000, 1000 << Math.min(this.#failures, 5));
    this.#failures++;
    const pause = (this.#pause = Promise.withResolvers<void>());
    setTimeout(() => pause.resolve(), Math.floor(most / 2) + Math.floor((Math.random() * most) / 2));
    return pause.promise;
  }

  wake(): void {
    this.#channel?.close();
    this.#pause?.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.wake();
  }

  send(frame: ClientFrame): void {
    this.#channel?.send(JSON.stringify(frame));
  }
}

/** Dart's `channel.ready`. */
function opened(channel: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.addEventListener('open', () => resolve());
    channel.addEventListener('close', () => reject(new Error('The connection was refused')));
  });
}

/** Dart's `channel.stream`: what was not taken yet waits, and the end of the connection is its end. */
async function* framesOf(channel: WebSocket): AsyncGenerator<string> {
  const waiting: (string | null)[] = [];
  let arrived = Promise.withResolvers<void>();
  const put = (data: string | null): void => {
    waiting.push(data);
    arrived.resolve();
  };
  channel.addEventListener('message', ({ data }) => put(String(data)));
  channel.addEventListener('close', () => put(null));
  for (;;) {
    for (let data = waiting.shift(); data !== undefined; data = waiting.shift()) {
      if (data === null) return;
      yield data;
    }
    await arrived.promise;
    arrived = Promise.withResolvers();
  }
}

type Held = Omit<Conversation, 'participants' | 'last_message'>;

export class PortedStore {
  readonly #userId: string;
  readonly conversations = new Map<string, Held>();
  readonly messages = new Map<string, Map<string, Message>>();

  constructor(userId: string) {
    this.#userId = userId;
  }

  applyEvent(event: ServerFrame): void {
    if (!('conversation_id' in event) || !('version' in event)) return;
    const { conversation_id: id, version } = event;
    const held = this.conversations.get(id);
    if (held !== undefined && version <= held.version) return;
    switch (event.type) {
      case 'new_message':
      case 'message_updated':
      case 'message_deleted':
        this.put(event.message);
        break;
      case 'conversation_created':
        this.conversations.set(id, event.conversation);
        break;
      case 'conversation_updated':
        if (held !== undefined) this.conversations.set(id, { ...held, ...event.conversation });
        break;
      case 'participant_added':
        if (event.conversation !== undefined) this.conversations.set(id, event.conversation);
        break;
      case 'participant_removed':
        if (event.user_id === this.#userId) return this.#forget(id);
        break;
      case 'conversation_deleted':
        return this.#forget(id);
      default:
    }
    const now = this.conversations.get(id);
    if (now !== undefined) this.conversations.set(id, { ...now, version });
  }

  applySync(changes: SyncAnswer): void {
    for (const gone of changes.removed) this.#forget(gone.conversation_id);
    for (const change of changes.conversations) {
      const id = change.conversation_id;
      if (change.reset || change.complete) this.messages.delete(id);
      this.conversations.set(id, {
        ...this.conversations.get(id),
        ...change.conversation,
        version: change.version,
      });
      for (const message of change.messages) this.put(message);
    }
  }

  put(message: Message): void {
    const held = this.messages.get(message.conversation_id) ?? new Map<string, Message>();
    this.messages.set(message.conversation_id, held);
    const before = held.get(message.id);
    if (before === undefined || before.version < message.version) held.set(message.id, message);
  }

  #forget(id: string): void {
    this.conversations.delete(id);
    this.messages.delete(id);
  }
}

export class ParleyException extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

export async function sendMessage(
  server: URL,
  getToken: () => Promise<string>,
  conversationId: string,
  content: string,
  { clientId, replyToId = null }: { readonly clientId: string; readonly replyToId?: string | null },
): Promise<Message> {
  for (let tries = 0; ; tries++) {
    let seconds = Math.min(30, 1 << Math.min(tries, 5));
    try {
      const answer = await fetch(new URL(`/api/conversations/${conversationId}/messages`, server), {
        method: 'POST',
        headers: { authorization: `Bearer ${await getToken()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content, reply_to_id: replyToId, client_id: clientId }),
        signal: AbortSignal.timeout(30_000),
      });
      const { status } = answer;
      if (status === 201) return (await answer.json()) as Message;
      const mayWork = status === 401 || status === 408 || status === 429 || status >= 500;
      if (!mayWork) {
        const refusal = (await answer.json()) as { code: string; detail: string };
        throw new ParleyException(refusal.code, refusal.detail);
      }
      seconds = Number(answer.headers.get('retry-after') ?? seconds);
    } catch (error) {
      if (error instanceof ParleyException) throw error;
      // It may have arrived.
    }
    await delay(seconds * 1000);
  }
}
