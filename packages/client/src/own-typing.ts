/** Milliseconds: how often typing is told of, and after which pause it has ended. */
const everyMs = 3000;
const pauseMs = 5000;

/** One's own typing in a conversation. */
export class OwnTyping {
  readonly #tell: (type: 'typing_start' | 'typing_stop') => void;
  #toldAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (type: 'typing_start' | 'typing_stop') => void) {
    this.#tell = tell;
  }

  /** A key was pressed. */
  pressed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), pauseMs);
    const now = Date.now();
    if (now - this.#toldAt < everyMs) return;
    this.#toldAt = now;
    this.#tell('typing_start');
  }

  stop(): void {
    if (this.#toldAt > 0) this.#tell('typing_stop');
    this.sent();
  }

  /** A sent message ends it without a word. */
  sent(): void {
    clearTimeout(this.#timer);
    this.#toldAt = 0;
  }
}
