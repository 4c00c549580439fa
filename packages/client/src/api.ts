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
import { loadUpload } from './parts.ts';
import { newId } from './platform.ts';
import type { UploadFile, UploadOptions } from './upload.ts';

/** Where in a history a page is; one of them, or none for the newest. */
export interface HistoryRequest extends PageRequest {
  /** Older than this `seq`. */
  readonly before_seq?: number;
  /** The first ones newer than this `seq`, still newest first. */
  readonly after_seq?: number;
  /** A page with this `seq` in its middle. */
  readonly around_seq?: number;
  /** A page with the message of this id in its middle. */
  readonly around_id?: string;
}

/** A path, with what stands in `${}` encoded. */
const path = (parts: TemplateStringsArray, ...ids: string[]): string =>
  String.raw({ raw: parts }, ...ids.map(encodeURIComponent));

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
    return this.#http.call('POST', '/conversations', options, once(body));
  }

  /** Newest activity first; those archived only if asked for. */
  listConversations(
    query: PageRequest & { readonly archived?: boolean } = {},
    options?: RequestOptions,
  ): Paged<ConversationList, Conversation> {
    return this.#list('conversations', '/conversations', query, options);
  }

  getConversation(id: string, options?: RequestOptions): Promise<Conversation> {
    return this.#http.call('GET', path`/conversations/${id}`, options);
  }

  /** For admins and moderators of it. */
  updateConversation(
    id: string,
    body: UpdateConversationBody,
    options?: RequestOptions,
  ): Promise<Conversation> {
    return this.#http.call('PUT', path`/conversations/${id}`, options, body);
  }

  /** For everybody, and for good. */
  deleteConversation(id: string, options?: RequestOptions): Promise<null> {
    return this.#http.call('DELETE', path`/conversations/${id}`, options);
  }

  /** `parley.conversation(id).send()` also shows it at once, survives a reload, and retries. */
  sendMessage(conversationId: string, body: SendMessageBody, options?: RequestOptions): Promise<Message> {
    return this.#http.call('POST', path`/conversations/${conversationId}/messages`, options, once(body));
  }

  /** Newest first. */
  listMessages(
    conversationId: string,
    query: HistoryRequest = {},
    options?: RequestOptions,
  ): Paged<MessageList, Message> {
    return this.#list('messages', path`/conversations/${conversationId}/messages`, query, options);
  }

  editMessage(id: string, content: string, options?: RequestOptions): Promise<Message> {
    return this.#http.call('PUT', path`/messages/${id}`, options, { content });
  }

  deleteMessage(id: string, options?: RequestOptions): Promise<null> {
    return this.#http.call('DELETE', path`/messages/${id}`, options);
  }

  /** You have read it, and all before it. */
  markRead(messageId: string, options?: RequestOptions): Promise<ReadAnswer> {
    return this.#http.call('POST', path`/messages/${messageId}/read`, options);
  }

  /** Newest first. */
  listReplies(
    messageId: string,
    query: PageRequest = {},
    options?: RequestOptions,
  ): Paged<MessageList, Message> {
    return this.#list('messages', path`/messages/${messageId}/replies`, query, options);
  }

  /** Who received and read it, and when. */
  listReceipts(
    messageId: string,
    query: PageRequest = {},
    options?: RequestOptions,
  ): Paged<ReceiptList, Receipt> {
    return this.#list('receipts', path`/messages/${messageId}/receipts`, query, options);
  }

  /** Longest-standing first. */
  listParticipants(
    conversationId: string,
    query: PageRequest = {},
    options?: RequestOptions,
  ): Paged<ParticipantList, Participant> {
    return this.#list('participants', path`/conversations/${conversationId}/participants`, query, options);
  }

  addParticipant(
    conversationId: string,
    body: AddParticipantBody,
    options?: RequestOptions,
  ): Promise<Participant> {
    return this.#http.call('POST', path`/conversations/${conversationId}/participants`, options, once(body));
  }

  /** With your own id: leaves. */
  removeParticipant(conversationId: string, userId: string, options?: RequestOptions): Promise<null> {
    return this.#http.call('DELETE', path`/conversations/${conversationId}/participants/${userId}`, options);
  }

  /** Gives a role, mutes or unmutes. */
  updateParticipant(
    conversationId: string,
    userId: string,
    body: UpdateParticipantBody,
    options?: RequestOptions,
  ): Promise<Participant> {
    return this.#http.call(
      'PUT',
      path`/conversations/${conversationId}/participants/${userId}`,
      options,
      body,
    );
  }

  /** Of at most 100 people. Somebody with whom you share no conversation is `offline`. */
  async getStatuses(userIds: readonly string[], options?: RequestOptions): Promise<UserStatus[]> {
    const query = queryOf({ user_ids: userIds });
    return (await this.#http.call<{ statuses: UserStatus[] }>('GET', `/users/status${query}`, options))
      .statuses;
  }

  /** Your own; `offline` hides you while you are connected. */
  setStatus(body: UpdateStatusBody, options?: RequestOptions): Promise<UserStatus> {
    return this.#http.call('PUT', '/users/status', options, body);
  }

  /** Posts a file as a message; `parley.conversation(id).upload()` is the same. */
  upload(conversationId: string, file: UploadFile, options?: UploadOptions): Promise<Message> {
    return loadUpload().then(({ upload }) => upload(this.#http, conversationId, file, options));
  }

  /** Addresses of a file and its thumbnail that work for five minutes without a token: for `<img src>`. */
  async getFileUrl(fileId: string, options?: RequestOptions): Promise<SignedUrl> {
    const { url, thumbnail_url, ...rest } = await this.#http.call<SignedUrl>(
      'GET',
      path`/files/${fileId}/url`,
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
    const rest = variant === 'thumbnail' ? '/thumbnail' : '';
    return this.#http.fetch(path`/api/files/${fileId}` + rest, {}, async (answer) => answer, options.signal);
  }

  /** What changed since `cursor`; without one, where to begin. The store does this by itself. */
  sync(cursor?: string, options?: RequestOptions): Promise<SyncAnswer> {
    return this.#http.call('GET', `/sync${queryOf({ cursor })}`, options);
  }

  #list<Key extends string, Page extends PageFacts & Readonly<Record<Key, readonly unknown[]>>>(
    key: Key,
    path: string,
    query: PageRequest & { readonly archived?: boolean },
    options?: RequestOptions,
  ): Paged<Page, Page[Key][number]> {
    const { limit, archived } = query;
    return paged(
      (cursor) =>
        this.#http.call<Page>(
          'GET',
          path + queryOf(cursor === undefined ? query : { limit, archived, cursor }),
          options,
        ),
      (page) => page[key],
    );
  }
}

function queryOf(query: object): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query))
    for (const each of [value].flat())
      if (each !== undefined) pairs.push(`${name}=${encodeURIComponent(String(each))}`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}
