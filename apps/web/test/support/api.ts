/** What somebody does in another window that nobody looks at: by the REST interface, in demo mode. */
export class Caller {
  readonly #url: string;
  readonly #id: string;
  readonly #name: string;
  #token: Promise<string> | null = null;

  constructor(url: string, id: string, name: string) {
    this.#url = url;
    this.#id = id;
    this.#name = name;
  }

  /** The same one each time. */
  token(): Promise<string> {
    return (this.#token ??= this.#ask());
  }

  /** Fails unless the server does it. A form is sent as it is, anything else as JSON. */
  async call(method: string, path: string, body?: object): Promise<{ readonly id: string }> {
    const isForm = body instanceof FormData;
    const answer = await fetch(`${this.#url}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.token()}`,
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? { id: '' } : ((await answer.json()) as { id: string });
  }

  /** Begins a group, and answers its id. Somebody is known once they have called. */
  async begin(title: string, members: readonly string[]): Promise<string> {
    return (await this.call('POST', '/conversations', { type: 'group', title, participant_ids: members })).id;
  }

  async send(conversationId: string, content: string): Promise<void> {
    await this.call('POST', `/conversations/${conversationId}/messages`, { content });
  }

  async #ask(): Promise<string> {
    const answer = await fetch(`${this.#url}/demo/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_id: this.#id, name: this.#name }),
    });
    return ((await answer.json()) as { token: string }).token;
  }
}
