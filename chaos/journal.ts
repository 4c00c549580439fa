import { setTimeout as delay } from 'node:timers/promises';
import type { Conversation, Message, ReadAnswer } from '@parley/protocol';
import type { PlannedConversation } from './plan.ts';
import type { Random } from './random.ts';
import type { ChangeRecord, ReadRecord, SendRecord } from './records.ts';
import type { Rest } from './rest.ts';
import type { Session } from './session.ts';

/** What one attempt came to; `again`: it may or may not have been carried out. */
type Attempt = { readonly kind: 'done'; readonly message: Message } | { readonly kind: 'refused' | 'again' };

/** Codes of `error` frames after which the same request is to be tried again. */
const retryable: readonly string[] = ['unavailable', 'shutting_down', 'rate_limited'];

/** Whose journal it is. */
export interface Author {
  readonly userId: string;
  readonly planned: { readonly device: number };
  readonly rest: Rest;
  readonly session: Session | null;
}

/** What a client asks for, each until there is a definite answer, and what became of it. */
export class Journal {
  readonly sends: SendRecord[] = [];
  readonly changes: ChangeRecord[] = [];
  readonly reads: ReadRecord[] = [];
  underWay = 0;
  readonly #client: Author;
  readonly #jitter: Random;
  /** Changes of one message follow each other. */
  readonly #turns = new Map<string, Promise<void>>();
  #count = 0;

  constructor(client: Author, jitter: Random) {
    this.#client = client;
    this.#jitter = jitter;
  }

  /** Counts `work` as under way. What the end of the run breaks off is no failure. */
  async track(work: () => Promise<unknown>): Promise<void> {
    this.underWay++;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Error && error.name === 'AbortError')) throw error;
    } finally {
      this.underWay--;
    }
  }

  create(planned: PlannedConversation): Promise<void> {
    return this.track(async () => {
      await this.#client.rest.post<Conversation>('/api/conversations', {
        type: planned.type,
        ...(planned.title !== null && { title: planned.title }),
        participant_ids: planned.members,
        client_id: this.#nextId(),
      });
    });
  }

  send(
    conversationId: string,
    text: string,
    how: { socket: boolean; replyTo: string | null },
  ): Promise<void> {
    const record = this.#record(conversationId, text, 'text');
    const reply = how.replyTo === null ? {} : { reply_to_id: how.replyTo };
    return this.track(() => this.#persist(record, reply, how.socket));
  }

  upload(conversationId: string, caption: string, file: File): Promise<void> {
    const record = this.#record(conversationId, caption, 'upload');
    const form = (): FormData => {
      const data = new FormData();
      data.set('content', record.content);
      data.set('client_id', record.clientId);
      data.set('file', file);
      return data;
    };
    return this.track(async () => {
      const path = `/api/conversations/${conversationId}/upload`;
      const answer = await this.#client.rest.call<Message>({ method: 'POST', path, form });
      record.unanswered += answer.unanswered;
      if (answer.status === 201) acknowledge(record, answer.body);
      else record.outcome = 'refused';
    });
  }

  /** Repeats a send that was acknowledged: the answer must be the same message. */
  repeat(record: SendRecord): Promise<void> {
    return this.track(async () => {
      const path = `/api/conversations/${record.conversationId}/messages`;
      const body = { content: record.content, client_id: record.clientId };
      const answer = await this.#client.rest.post<Message>(path, body);
      if (answer.status === 201 && answer.body.id !== record.id)
        record.contradictions.push(`a retry was answered with the message ${answer.body.id}`);
    });
  }

  /** Edits a message of one's own; null deletes it. */
  change(conversationId: string, messageId: string, content: string | null): Promise<void> {
    const record: ChangeRecord = {
      messageId,
      conversationId,
      content,
      at: Date.now(),
      outcome: 'pending',
      unanswered: 0,
    };
    const before = this.#turns.get(messageId) ?? Promise.resolve();
    const turn = before.then(() =>
      this.track(async () => {
        this.changes.push(record);
        const path = `/api/messages/${messageId}`;
        const { rest } = this.#client;
        const answer = await (content === null ? rest.delete(path) : rest.put(path, { content }));
        record.unanswered = answer.unanswered;
        record.outcome = answer.status < 300 ? 'acknowledged' : 'refused';
      }),
    );
    this.#turns.set(messageId, turn);
    return turn;
  }

  read(conversationId: string, message: { id: string; seq: number }, socket: boolean): Promise<void> {
    const { userId } = this.#client;
    const record: ReadRecord = {
      userId,
      conversationId,
      seq: message.seq,
      at: Date.now(),
      outcome: 'pending',
    };
    this.reads.push(record);
    return this.track(async () => {
      const session = socket ? this.#client.session : null;
      const heard = await session?.ask({
        type: 'message_read',
        message_id: message.id,
        conversation_id: conversationId,
      });
      if (heard?.type === 'read_ack') record.outcome = 'acknowledged';
      if (record.outcome === 'acknowledged') return;
      const answer = await this.#client.rest.post<ReadAnswer>(`/api/messages/${message.id}/read`, {});
      record.outcome = answer.status === 200 ? 'acknowledged' : 'refused';
    });
  }

  #record(conversationId: string, text: string, kind: SendRecord['kind']): SendRecord {
    const clientId = this.#nextId();
    const record: SendRecord = {
      userId: this.#client.userId,
      clientId,
      conversationId,
      content: `${clientId} ${text}`,
      kind,
      outcome: 'pending',
      id: null,
      seq: null,
      version: null,
      unanswered: 0,
      contradictions: [],
    };
    this.sends.push(record);
    return record;
  }

  #nextId(): string {
    return `${this.#client.userId}.${this.#client.planned.device}.${this.#count++}`;
  }

  /** Until it is acknowledged or refused, by socket and by REST, always with the same `client_id`. */
  async #persist(record: SendRecord, reply: object, socketFirst: boolean): Promise<void> {
    for (let bySocket = socketFirst; ; bySocket = this.#jitter.next() < 0.5) {
      const attempt = await (bySocket ? this.#bySocket(record, reply) : this.#byRest(record, reply));
      if (attempt.kind === 'done') return acknowledge(record, attempt.message);
      if (attempt.kind === 'refused') {
        record.outcome = 'refused';
        return;
      }
      record.unanswered++;
      await delay(100 + 400 * this.#jitter.next());
    }
  }

  async #bySocket(record: SendRecord, reply: object): Promise<Attempt> {
    const answer = await this.#client.session?.ask({
      type: 'send_message',
      conversation_id: record.conversationId,
      content: record.content,
      client_id: record.clientId,
      ...reply,
    });
    if (answer?.type === 'message_ack') return { kind: 'done', message: answer.message };
    if (answer?.type === 'error' && !retryable.includes(answer.code)) return { kind: 'refused' };
    return { kind: 'again' };
  }

  async #byRest(record: SendRecord, reply: object): Promise<Attempt> {
    const { conversationId, content, clientId } = record;
    const body = { content, client_id: clientId, ...reply };
    const answer = await this.#client.rest.post<Message>(
      `/api/conversations/${conversationId}/messages`,
      body,
    );
    record.unanswered += answer.unanswered;
    return answer.status === 201 ? { kind: 'done', message: answer.body } : { kind: 'refused' };
  }
}

function acknowledge(record: SendRecord, message: Message): void {
  if (message.client_id !== record.clientId || message.content !== record.content)
    record.contradictions.push(`it was acknowledged as "${message.content}" (${message.client_id})`);
  record.outcome = 'acknowledged';
  record.id = message.id;
  record.seq = message.seq;
  record.version = message.version;
}
