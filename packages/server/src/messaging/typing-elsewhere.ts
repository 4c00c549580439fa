import { limits, type ServerFrames } from '@parley/protocol';
import { Deadlines } from './deadlines.ts';
import { personIn } from './person-in.ts';
import type { Clock } from './ports.ts';

export interface TypingElsewhereDeps {
  readonly clock: Clock;
  /** In which conversations somebody types, on whatever node. */
  readonly typing: (userId: string) => Promise<readonly string[]>;
  /** The node where they typed never said that they stopped. */
  readonly onLost: (userId: string, conversationId: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Milliseconds that a node has to say that somebody stopped; more or less, so that one node speaks for all. */
const margin = (): number => 1000 + Math.random() * 2000;

/** Who was said to begin to type by other nodes, so that it ends here if theirs dies before it says so. */
export class TypingElsewhere {
  readonly #deps: TypingElsewhereDeps;
  readonly #typists: Deadlines<string>;

  constructor(deps: TypingElsewhereDeps) {
    this.#deps = deps;
    this.#typists = new Deadlines(limits.typingMs + margin(), deps.clock, (key) => this.#due(key));
  }

  heard(frame: ServerFrames['typing_start'] | ServerFrames['typing_stop']): void {
    const key = personIn(frame.conversation_id, frame.user_id);
    if (frame.type === 'typing_start') this.#typists.set(key);
    else this.#typists.delete(key);
  }

  close(): void {
    this.#typists.clear();
  }

  /** Their node tells of the beginning and the end alone: in between they may have gone on. */
  #due(key: string): void {
    const [conversationId = ''] = key.split('\n', 1);
    const userId = key.slice(conversationId.length + 1);
    this.#deps.typing(userId).then((typing) => {
      if (typing.includes(conversationId)) this.#typists.set(key);
      else this.#deps.onLost(userId, conversationId);
    }, this.#deps.onError);
  }
}
