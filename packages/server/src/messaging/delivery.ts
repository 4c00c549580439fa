import { limits } from '@parley/protocol';
import { personIn } from './person-in.ts';
import type { Bus, Delivered, DeliveredMove, ReceiptStore } from './ports.ts';

export interface DeliveryDeps {
  readonly receipts: Pick<ReceiptStore, 'markDelivered'>;
  readonly bus: Bus;
  readonly log: { warn(facts: object, message: string): void };
  /** How many people a conversation has, as far as this node knows. */
  readonly sizeOf: (conversationId: string) => number;
}

/** Milliseconds for which confirmations are gathered. */
const gatherMs = 50;
/** The same where receipts are told to their reader alone: a row a person and second would be many. */
const largeGatherMs = 5000;
/** Those of large conversations that wait at most; then they are written at once. */
const maxGathered = 10_000;
/** Milliseconds after which a batch that failed is tried again. */
const retryMs = 1000;
/** Whoever sends meanwhile waits for a batch that their own watermark is in. */
const maxBatch = 100;
/** Watermarks kept while the store is away. What is beyond is made good by the next message that somebody receives. */
const maxPending = 20_000;

/** Notes which messages reached somebody's device, in batches, and tells the others of it. */
export class Delivery {
  readonly #deps: DeliveryDeps;
  /** The furthest move of each person in each conversation. */
  readonly #pending = new Map<string, DeliveredMove>();
  /** Those in large conversations, until their time has come. */
  readonly #gathered = new Map<string, DeliveredMove>();
  #timer: NodeJS.Timeout | null = null;
  #largeTimer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> | null = null;
  #closed = false;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
  }

  /** Takes confirmations. Neither throws nor waits. */
  record(moves: readonly DeliveredMove[]): void {
    for (const move of moves) {
      if (isLarge(this.#deps.sizeOf(move.conversationId))) keepFurthest(this.#gathered, move, Infinity);
      else keepFurthest(this.#pending, move, maxPending);
    }
    if (this.#gathered.size >= maxGathered) this.#release();
    else if (this.#gathered.size > 0) this.#scheduleLarge();
    this.#schedule(gatherMs);
  }

  /** Writes what there is; what fails is not tried again. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#release();
    await this.#flushing;
    while (this.#pending.size > 0 && (await this.#flush()));
  }

  #scheduleLarge(): void {
    if (this.#closed || this.#largeTimer !== null) return;
    this.#largeTimer = setTimeout(() => {
      this.#release();
      this.#schedule(gatherMs);
    }, largeGatherMs).unref();
  }

  /** Lets those of large conversations be written with the next batches. */
  #release(): void {
    if (this.#largeTimer !== null) clearTimeout(this.#largeTimer);
    this.#largeTimer = null;
    for (const move of this.#gathered.values()) keepFurthest(this.#pending, move, maxPending);
    this.#gathered.clear();
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== null || this.#flushing !== null || this.#pending.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flushing = this.#flush().then((written) => {
        this.#flushing = null;
        const isBehind = this.#pending.size >= maxBatch;
        this.#schedule(written ? (isBehind ? 0 : gatherMs) : retryMs);
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
      for (const move of moves) keepFurthest(this.#pending, move, maxPending);
      return false;
    }
  }

  /** To everybody, or, where too many would hear of it, to the receiver's own connections. */
  #announce({ conversationId, userId, lastSeq, participantCount }: Delivered): void {
    this.#deps.bus.publish({
      audience: isLarge(participantCount)
        ? { kind: 'users', userIds: [userId] }
        : { kind: 'conversation', conversationId },
      frame: {
        type: 'message_delivered',
        conversation_id: conversationId,
        user_id: userId,
        last_seq: lastSeq,
      },
    });
  }
}

const isLarge = (participantCount: number): boolean => participantCount > limits.receiptAudience;

/** Keeps a move unless a further one of the same person is there, or `most` others are. */
function keepFurthest(moves: Map<string, DeliveredMove>, move: DeliveredMove, most: number): void {
  const key = personIn(move.conversationId, move.userId);
  const known = moves.get(key);
  if (known !== undefined ? known.lastSeq < move.lastSeq : moves.size < most) moves.set(key, move);
}
