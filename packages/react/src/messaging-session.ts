import { createParley, type Message, type Parley, type ParleyOptions } from '@parley/client';
import { Cell } from './cell.ts';
import { hold } from './provider.ts';

export interface MessagingState {
  /** Whether there is a connection, and nothing left to catch up on. */
  readonly isConnected: boolean;
  /** Those that arrived since, as they are now, newest first; at most 1,000. */
  readonly messages: readonly Message[];
  /** Ids of others who are typing in a conversation that was joined. */
  readonly typingUsers: ReadonlySet<string>;
}

export type Token = string | ParleyOptions['getToken'];

const maxMessages = 1000;
const nobody: ReadonlySet<string> = new Set();

/** One client, and what `useMessaging` shows of it. */
export class MessagingSession {
  readonly parley: Parley;
  readonly state = new Cell<MessagingState>({ isConnected: false, messages: [], typingUsers: nobody });
  readonly #hasUrl: boolean;
  /** How to leave each conversation that was joined; null while it is not started. */
  readonly #joined = new Map<string, (() => void) | null>();
  #token: Token;
  #isStarted = false;

  constructor(token: Token, options: Omit<ParleyOptions, 'getToken'>) {
    this.#token = token;
    this.#hasUrl = options.url !== '';
    const getToken = () => (typeof this.#token === 'function' ? this.#token() : this.#token);
    this.parley = createParley({ ...options, getToken });
  }

  /** What to use from the next time on that one is needed; at once, where the last was refused. */
  renew(token: Token): void {
    const isAwaited = typeof token === 'string' && token !== this.#token;
    this.#token = token;
    if (isAwaited) this.parley.wake();
  }

  /** Connects. Answers how to stop. @throws Error where it is not known where the server is */
  start(): () => void {
    if (!this.#hasUrl) throw new Error('useMessaging needs the option url outside of browsers');
    const { parley } = this;
    this.#isStarted = true;
    const ends = [
      parley.on('connection', () => this.#readConnection()),
      parley.on('new_message', ({ message }) => this.#arrive(message)),
      parley.on('message_updated', ({ message }) => this.#replace(message)),
      parley.on('message_deleted', ({ message }) => this.#replace(message)),
      hold(parley),
    ];
    this.#readConnection();
    for (const id of this.#joined.keys()) this.#open(id);
    return () => {
      this.#isStarted = false;
      for (const end of ends) end();
      for (const [id, leave] of this.#joined) {
        leave?.();
        this.#joined.set(id, null);
      }
      this.#change({ isConnected: false, typingUsers: nobody });
    };
  }

  join(id: string): void {
    if (this.#joined.has(id)) return;
    this.#joined.set(id, null);
    if (this.#isStarted) this.#open(id);
  }

  #open(id: string): void {
    const conversation = this.parley.conversation(id);
    // What is wrong with it is not shown here, and is no reason not to listen.
    conversation.open().catch(() => undefined);
    const stop = conversation.subscribe(() => this.#readTyping());
    this.#joined.set(id, () => {
      stop();
      conversation.close();
    });
  }

  #readConnection(): void {
    const isConnected = this.parley.getSnapshot().connection.status === 'live';
    if (isConnected !== this.state.getSnapshot().isConnected) this.#change({ isConnected });
  }

  #readTyping(): void {
    const ids = [...this.#joined.keys()].flatMap((id) => this.parley.conversation(id).getSnapshot().typing);
    const [before, now] = [this.state.getSnapshot().typingUsers, new Set(ids)];
    if (before.size !== now.size || ids.some((id) => !before.has(id))) this.#change({ typingUsers: now });
  }

  #arrive(message: Message): void {
    this.#change({ messages: [message, ...this.state.getSnapshot().messages].slice(0, maxMessages) });
  }

  #replace(message: Message): void {
    const { messages } = this.state.getSnapshot();
    if (!messages.some(({ id }) => id === message.id)) return;
    this.#change({ messages: messages.map((each) => (each.id === message.id ? message : each)) });
  }

  #change(change: Partial<MessagingState>): void {
    this.state.set({ ...this.state.getSnapshot(), ...change });
  }
}
