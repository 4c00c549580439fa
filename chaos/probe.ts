import { setTimeout as delay } from 'node:timers/promises';
import type { ServerFrame } from '@parley/protocol';
import type { ServerNode } from './nodes.ts';
import { Session } from './session.ts';
import { TokenMaker } from './tokens.ts';

/** A message from one node to listeners at the others. */
export interface ProbeRecord {
  readonly from: number;
  readonly sentAt: number;
  /** By node: when it arrived, null if it has not; only of listeners who were connected when it was sent. */
  readonly arrivedAt: Record<number, number | null>;
}

const everyMs = 200;
const answerMs = 3000;

/** Somebody at each node, without a proxy between, who all say something in turns: how events get from node to node. */
export class Probe {
  readonly records: ProbeRecord[] = [];
  readonly #nodes: readonly ServerNode[];
  readonly #tokens: readonly TokenMaker[];
  readonly #sessions: (Session | null)[];
  readonly #sent = new Map<string, ProbeRecord>();
  #conversationId = '';
  #stopped = false;

  constructor(nodes: readonly ServerNode[], secret: string) {
    this.#nodes = nodes;
    this.#tokens = nodes.map(({ index }) => new TokenMaker(`probe${index}`, 0, secret));
    this.#sessions = nodes.map(() => null);
  }

  get connections(): number {
    return this.#sessions.filter((session) => session?.isOpen === true).length;
  }

  async start(): Promise<void> {
    const participants = this.#nodes.slice(1).map(({ index }) => `probe${index}`);
    const answer = await this.#post(0, '/api/conversations', {
      type: 'group',
      title: 'probe',
      participant_ids: participants,
    });
    this.#conversationId = answer?.id ?? '';
    for (const { index } of this.#nodes) this.#connect(index);
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.stop();
    for (const session of this.#sessions) session?.vanish();
  }

  #connect(index: number): void {
    const node = this.#nodes[index];
    const token = this.#tokens[index];
    if (node === undefined || token === undefined) return;
    this.#sessions[index] = new Session({
      origin: node.origin,
      node: index,
      token: token.current,
      onFrame: (session, frame) => this.#receive(session, frame),
      onEnd: () => {
        this.#forget(index);
        if (!this.#stopped) setTimeout(() => this.#connect(index), 200);
      },
    });
  }

  #receive(session: Session, frame: ServerFrame): void {
    // What it begins with is its own resume; a probe needs none.
    if (frame.type === 'connected') session.catchingUp = false;
    if (frame.type !== 'new_message') return;
    const record = this.#sent.get(frame.message.content);
    if (record?.arrivedAt[session.node] === null) record.arrivedAt[session.node] = Date.now();
  }

  /** Nothing can be said of what a lost connection was still to be told. */
  #forget(index: number): void {
    for (const { arrivedAt } of this.records) if (arrivedAt[index] === null) delete arrivedAt[index];
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.#stopped; count++) {
      await delay(everyMs);
      void this.#send(count);
    }
  }

  async #send(count: number): Promise<void> {
    const from = count % this.#nodes.length;
    const content = `probe ${count}`;
    const record: ProbeRecord = { from, sentAt: Date.now(), arrivedAt: {} };
    for (const [index, session] of this.#sessions.entries())
      if (index !== from && session?.isOpen === true && !session.catchingUp) record.arrivedAt[index] = null;
    this.#sent.set(content, record);
    const answer = await this.#post(from, `/api/conversations/${this.#conversationId}/messages`, { content });
    if (answer !== null) this.records.push(record);
  }

  async #post(index: number, path: string, body: object): Promise<{ id: string } | null> {
    try {
      const response = await fetch(`${this.#nodes[index]?.origin ?? ''}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.#tokens[index]?.current ?? ''}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(answerMs),
      });
      return response.status === 201 ? JSON.parse(await response.text()) : null;
    } catch {
      // The node is down, or paused: this probe says nothing.
      return null;
    }
  }
}
