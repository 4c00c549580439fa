import type { Conversation, Message } from '@parley/protocol';

/** A JSON body of unknown shape; tests look at what they expect to be there. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Answer<T = Json> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** Calls the REST API with one token. Never throws for a status. */
export class TestClient {
  readonly bearer: string;
  readonly #origin: string;

  constructor(origin: string, bearer: string) {
    this.#origin = origin;
    this.bearer = bearer;
  }

  async request<T = Json>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const form = body instanceof URLSearchParams || body instanceof FormData;
    const response = await fetch(`${this.#origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.bearer}`,
        ...(body !== undefined && !form && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: form ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as T,
    };
  }

  get = <T = Json>(path: string) => this.request<T>('GET', path);
  post = <T = Json>(path: string, body?: unknown, headers?: Record<string, string>) =>
    this.request<T>('POST', path, body, headers);
  put = <T = Json>(path: string, body: unknown) => this.request<T>('PUT', path, body);
  delete = <T = Json>(path: string) => this.request<T>('DELETE', path);

  /** Opens a group with these people. */
  async group(...people: readonly { readonly id: string }[]): Promise<Conversation> {
    const { body } = await this.post<Conversation>('/api/conversations', {
      type: 'group',
      title: 'A group',
      participant_ids: people.map(({ id }) => id),
    });
    return body;
  }

  /** Sends a text; fails the test if it is refused. */
  async say(conversationId: string, content: string, more: object = {}): Promise<Message> {
    const { status, body } = await this.post<Message>(`/api/conversations/${conversationId}/messages`, {
      content,
      ...more,
    });
    if (status !== 201) throw new Error(`sending answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }
}
