import type {
  AddParticipantBody,
  Conversation,
  ConversationList,
  CreateConversationBody,
  Message,
  MessageList,
  Participant,
  ParticipantList,
  ReadAnswer,
  Receipt,
  ReceiptList,
  SendMessageBody,
  SignedUrl,
  SyncAnswer,
  UpdateConversationBody,
  UpdateParticipantBody,
  UpdateStatusBody,
  UserStatus,
} from '@parley/protocol';
import type { Http, RequestOptions } from './http.ts';
import { paged, type PageFacts, type PageRequest, type Paged } from './pages.ts';
import { newId } from './platform.ts';
import { upload, type UploadFile, type UploadOptions } from './upload.ts';

/** Where in a history a page is; one of them, or none for the newest. */
export interface HistoryRequest extends PageRequest {
  /** Older than this `seq`. */
  readonly before_seq?: number;
  /** The first ones newer than this `seq`, still newest first. */
  readonly after_seq?: number;
  /** A page with this `seq` in its middle. */
  readonly around_seq?: number;
}

const at = (noun: string, ...ids: string[]): string =>
  `/${noun}${ids.map((id) => `/${encodeURIComponent(id)}`).join('')}`;

/** What creates something carries a `client_id`, so that repeating it never makes a second one. */
const once = <T extends { client_id?: string }>(body: T): T => ({ client_id: newId(), ...body });

/**
 * Every endpoint of the REST API. All of them throw `ParleyError`; a refused token is replaced by `getToken`, and what the
 * network broke is tried once more. They don't touch the store: its events do.
 */
export class ParleyApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** A direct conversation that exists already is answered as it is. */
  createConversation(body: CreateConversationBody, options?: RequestOptions): Promise<Conversation> {
    return this.#post('/conversations', once(body), options);
  }

  /** Newest activity first; those archived only if asked for. */
  listConversations(
    query: PageRequest & { readonly archived?: boolean } = {},
    options?: RequestOptions,
  ): Paged<ConversationList, Conversation> {
    return this.#list('/conversations', query, (page) => page.conversations, options);
  }

  getConversation(id: string, options?: RequestOptions): Promise<Conversation> {
    return this.#get(at('conversations', id), {}, options);
  }

  /** For admins and moderators of it. */
  updateConversation(
    id: string,
    body: UpdateConversationBody,
    options?: RequestOptions,
  ): Promise<Conversation> {
    return this.#put(at('conversations', id), body, options);
  }

  /** For everybody, and for good. */
  deleteConversation(id: string, options?: RequestOptions): Promise<null> {
    return this.#delete(at('conversations', id), options);
  }

  /** `parley.conversation(id).send()` also shows it at once, survives a reload, and retries. */
  sendMessage(conversationId: string, body: SendMessageBody, options?: RequestOptions): Promise<Message> {
    return this.#post(`${at('conversations', conversationId)}/messages`, once(body), options);
  }

  /** Newest first. */
  listMessages(
    conversationId: string,
    query: HistoryRequest = {},
    options?: RequestOptions,
  ): Paged<MessageList, Message> {
    return this.#list(
      `${at('conversations', conversationId)}/messages`,
      query,
      ({ messages }) => messages,
      options,
    );
  }

  editMessage(id: string, content: string, options?: RequestOptions): Promise<Message> {
    return this.#put(at('messages', id), { content }, options);
  }

  deleteMessage(id: string, options?: RequestOptions): Promise<null> {
    return this.#delete(at('messages', id), options);
  }

  /** You have read it, and all before it. */
  markRead(messageId: string, options?: RequestOptions): Promise<ReadAnswer> {
    return this.#post(`${at('messages', messageId)}/read`, undefined, options);
  }

  /** Newest first. */
  listReplies(
    messageId: string,
    query: PageRequest = {},
    options?: RequestOptions,
  ): Paged<MessageList, Message> {
    return this.#list(`${at('messages', messageId)}/replies`, query, ({ messages }) => messages, options);
  }

  /** Who received and read it, and when. */
  listReceipts(
    messageId: string,
    query: PageRequest = {},
    options?: RequestOptions,
  ): Paged<ReceiptList, Receipt> {
    return this.#list(`${at('messages', messageId)}/receipts`, query, ({ receipts }) => receipts, options);
  }

  /** Longest-standing first. */
  listParticipants(
    conversationId: string,
    query: PageRequest = {},
    options?: RequestOptions,
  ): Paged<ParticipantList, Participant> {
    const path = `${at('conversations', conversationId)}/participants`;
    return this.#list(path, query, ({ participants }) => participants, options);
  }

  addParticipant(
    conversationId: string,
    body: AddParticipantBody,
    options?: RequestOptions,
  ): Promise<Participant> {
    return this.#post(`${at('conversations', conversationId)}/participants`, once(body), options);
  }

  /** With your own id: leaves. */
  removeParticipant(conversationId: string, userId: string, options?: RequestOptions): Promise<null> {
    return this.#delete(`${at('conversations', conversationId)}${at('participants', userId)}`, options);
  }

  /** Gives a role, mutes or unmutes. */
  updateParticipant(
    conversationId: string,
    userId: string,
    body: UpdateParticipantBody,
    options?: RequestOptions,
  ): Promise<Participant> {
    return this.#put(`${at('conversations', conversationId)}${at('participants', userId)}`, body, options);
  }

  /** Of at most 100 people. Somebody with whom you share no conversation is `offline`. */
  async getStatuses(userIds: readonly string[], options?: RequestOptions): Promise<UserStatus[]> {
    const query = { user_ids: userIds };
    return (await this.#get<{ statuses: UserStatus[] }>('/users/status', query, options)).statuses;
  }

  /** Your own; `offline` hides you while you are connected. */
  setStatus(body: UpdateStatusBody, options?: RequestOptions): Promise<UserStatus> {
    return this.#put('/users/status', body, options);
  }

  /** Posts a file as a message; `parley.conversation(id).upload()` is the same. */
  upload(conversationId: string, file: UploadFile, options?: UploadOptions): Promise<Message> {
    return upload(this.#http, conversationId, file, options);
  }

  /** Addresses of a file and its thumbnail that work for five minutes without a token: for `<img src>`. */
  async getFileUrl(fileId: string, options?: RequestOptions): Promise<SignedUrl> {
    const { url, thumbnail_url, ...rest } = await this.#get<SignedUrl>(
      `${at('files', fileId)}/url`,
      {},
      options,
    );
    const absolute = (path: string): string => new URL(path, `${this.#http.origin}/`).href;
    return { ...rest, url: absolute(url), thumbnail_url: thumbnail_url && absolute(thumbnail_url) };
  }

  /** The file itself, or the small WebP of an image. */
  getFile(
    fileId: string,
    variant: 'original' | 'thumbnail' = 'original',
    options: RequestOptions = {},
  ): Promise<Response> {
    const path = `/api${at('files', fileId)}${variant === 'thumbnail' ? '/thumbnail' : ''}`;
    return this.#http.fetch(path, {}, options.signal);
  }

  /** What changed since `cursor`; without one, where to begin. The store does this by itself. */
  sync(cursor?: string, options?: RequestOptions): Promise<SyncAnswer> {
    return this.#get('/sync', { cursor }, options);
  }

  #get<T>(path: string, query: object, options?: RequestOptions): Promise<T> {
    return this.#http.call('GET', path, { ...options, query: { ...query } });
  }

  #post<T>(path: string, body?: object, options?: RequestOptions): Promise<T> {
    return this.#http.call('POST', path, { ...options, ...(body && { body }) });
  }

  #put<T>(path: string, body: object, options?: RequestOptions): Promise<T> {
    return this.#http.call('PUT', path, { ...options, body });
  }

  #delete(path: string, options?: RequestOptions): Promise<null> {
    return this.#http.call('DELETE', path, options);
  }

  #list<Page extends PageFacts, Item>(
    path: string,
    query: PageRequest,
    items: (page: Page) => readonly Item[],
    options?: RequestOptions,
  ): Paged<Page, Item> {
    const { page: _, ...rest } = query;
    return paged<Page, Item>(
      ({ cursor }) =>
        this.#get<Page>(
          path,
          cursor === undefined
            ? query
            : { limit: rest.limit, archived: 'archived' in rest ? rest.archived : undefined, cursor },
          options,
        ),
      items,
    );
  }
}
