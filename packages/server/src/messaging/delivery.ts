import type { Bus, DeliveredMove, ReceiptStore } from './ports.ts';

export interface DeliveryDeps {
  readonly receipts: Pick<ReceiptStore, 'markDelivered'>;
  readonly bus: Bus;
  readonly log: { warn(facts: object, message: string): void };
}

/** Milliseconds for which confirmations are gathered. */
const gatherMs = 50;
/** Milliseconds after which a batch that failed is tried again. */
const retryMs = 1000;
const maxBatch = 1000;
/** Watermarks kept while the store is away. What is beyond is made good by the next message that somebody receives. */
const maxPending = 20_000;

/** Notes which messages reached somebody's device, in batches, and tells the others of it. */
export class Delivery {
  readonly #deps: DeliveryDeps;
  /** The furthest move of each person in each conversation. */
  readonly #pending = new Map<string, DeliveredMove>();
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> | null = null;
  #closed = false;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
  }

  /** Takes confirmations. Neither throws nor waits. */
  record(moves: readonly DeliveredMove[]): void {
    for (const move of moves) this.#add(move);
    this.#schedule(gatherMs);
  }

  /** Writes what is there, once. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#flushing;
    await this.#flush();
  }

  #add(move: DeliveredMove): void {
    const key = `${move.conversationId}\n${move.userId}`;
    const known = this.#pending.get(key);
    if (known !== undefined ? known.lastSeq >= move.lastSeq : this.#pending.size >= maxPending) return;
    this.#pending.set(key, move);
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== null || this.#flushing !== null || this.#pending.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flushing = this.#flush().then((written) => {
        this.#flushing = null;
        this.#schedule(written ? gatherMs : retryMs);
      });
    }, ms).unref();
  }

  /** Writes one batch; false if it failed and is to be tried again. Never rejects. */
  async #flush(): Promise<boolean> {
    const batch = [...this.#pending].slice(0, maxBatch);
    if (batch.length === 0) return true;
    for (const [key] of batch) this.#pending.delete(key);
    const moves = batch.map(([, move]) => move);
    try {
      for (const moved of await this.#deps.receipts.markDelivered(moves)) this.#announce(moved);
      return true;
    } catch (err) {
      this.#deps.log.warn({ err, moves: moves.length }, 'delivered receipts could not be kept');
      for (const move of moves) this.#add(move);
      return false;
    }
  }

  #announce({ conversationId, userId, lastSeq }: DeliveredMove): void {
    this.#deps.bus.publish({
      audience: { kind: 'conversation', conversationId },
      frame: {
        type: 'message_delivered',
        conversation_id: conversationId,
        user_id: userId,
        last_seq: lastSeq,
      },
    });
  }
}
