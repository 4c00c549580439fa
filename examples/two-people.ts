/**
 * Two people talk: they get tokens, open a group, send over REST, and see messages, typing and receipts arrive over
 * their WebSockets. Against a server in demo mode: `npm start`, then `npm run demo` in another terminal.
 */
const origin = process.env['PARLEY_URL'] ?? 'http://127.0.0.1:8000';

interface Frame {
  readonly type: string;
  readonly user_id?: string;
  readonly conversation_id?: string;
  readonly last_seq?: number;
  readonly message?: { readonly id: string; readonly sender_name: string; readonly content: string };
}

class Person {
  readonly name: string;
  readonly #token: string;
  readonly #socket: WebSocket;
  #waiting: { readonly type: string; readonly resolve: (frame: Frame) => void }[] = [];

  private constructor(name: string, token: string) {
    this.name = name;
    this.#token = token;
    // Browsers can't set headers on a WebSocket: the token travels as a subprotocol, which no log keeps.
    this.#socket = new WebSocket(`${origin.replace('http', 'ws')}/api/ws`, ['parley', `bearer.${token}`]);
    this.#socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Frame));
  }

  static async join(id: string, name: string): Promise<Person> {
    const { token } = await post<{ token: string }>('/demo/token', { user_id: id, name });
    const person = new Person(name, token);
    await person.next('connected');
    return person;
  }

  call<T>(path: string, body?: object): Promise<T> {
    return post<T>(path, body, this.#token);
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  next(type: string): Promise<Frame> {
    return new Promise((resolve) => this.#waiting.push({ type, resolve }));
  }

  leave(): void {
    this.#socket.close();
  }

  #receive(frame: Frame): void {
    const line = describe(frame);
    if (line !== null) console.log(`${this.name.padEnd(4)} sees: ${line}`);
    const index = this.#waiting.findIndex(({ type }) => type === frame.type);
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.resolve(frame);
  }
}

function describe(frame: Frame): string | null {
  switch (frame.type) {
    case 'conversation_created':
      return 'a new conversation';
    case 'new_message':
      return `${frame.message?.sender_name}: ${frame.message?.content}`;
    case 'typing_start':
      return `${frame.user_id} is typing …`;
    case 'message_delivered':
      return `${frame.user_id} has received everything up to message ${frame.last_seq}`;
    case 'message_read':
      return `${frame.user_id} has read everything up to message ${frame.last_seq}`;
    default:
      return null;
  }
}

async function post<T>(path: string, body?: object, token?: string): Promise<T> {
  const response = await fetch(`${origin}${path}`, {
    method: 'POST',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

const [ann, bob] = await Promise.all([Person.join('ann', 'Ann'), Person.join('bob', 'Bob')]);

const opened = bob.next('conversation_created');
const group = await ann.call<{ id: string }>('/api/conversations', {
  type: 'group',
  title: 'Lunch',
  participant_ids: ['bob'],
});
await opened;

const joined = ann.next('joined_conversation');
ann.send({ type: 'join_conversation', conversation_id: group.id });
await joined;

const [arrived, delivered] = [bob.next('new_message'), ann.next('message_delivered')];
const question = await ann.call<{ id: string }>(`/api/conversations/${group.id}/messages`, {
  content: 'Pizza or soup?',
  client_id: `lunch-${Date.now()}`,
});
await arrived;
await delivered;

const read = ann.next('message_read');
await bob.call(`/api/messages/${question.id}/read`);
await read;

const typing = ann.next('typing_start');
bob.send({ type: 'typing_start', conversation_id: group.id });
await typing;

const answer = ann.next('new_message');
await bob.call(`/api/conversations/${group.id}/messages`, {
  content: 'Pizza. Always pizza.',
  reply_to_id: question.id,
});
await answer;

ann.leave();
bob.leave();
