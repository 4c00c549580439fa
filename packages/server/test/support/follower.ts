import { once } from 'node:events';
import { snapshotOf, type Replica } from '@parley/client/replica';
import type { ServerFrame, ServerFrames, SyncAnswer } from '@parley/protocol';
import { difference, freshRead, loadReplica, reload } from './fresh-read.ts';
import type { Person } from './server.ts';
import type { TestSocket } from './socket.ts';

type FrameType = ServerFrame['type'];

/** Milliseconds for which an event may be on its way. */
const patienceMs = 8000;

/** Somebody whose replica follows by events alone, as their socket brings them. */
export class Follower {
  person: Person;
  replica: Replica;
  /** Every frame of any of their sockets that the replica took. */
  readonly taken: ServerFrame[] = [];
  #socket: TestSocket | null;
  #applied = 0;
  #cursor: string;

  private constructor(person: Person, socket: TestSocket, cursor: string, replica: Replica) {
    this.person = person;
    this.replica = replica;
    this.#socket = socket;
    this.#cursor = cursor;
  }

  static async of(person: Person): Promise<Follower> {
    const socket = await person.connect();
    const { cursor } = connectedOf(socket);
    return new Follower(person, socket, cursor, await loadReplica(person, person.id));
  }

  get socket(): TestSocket {
    if (this.#socket === null) throw new Error(`${this.person.id} is not connected`);
    return this.#socket;
  }

  get isConnected(): boolean {
    return this.#socket !== null;
  }

  /** Whether something waits to be applied. */
  get isBehind(): boolean {
    return this.#applied < (this.#socket?.frames.length ?? 0);
  }

  /** Awaits a frame of the present socket, whether it is applied by now or not. */
  find<T extends FrameType>(
    type: T,
    fits: (frame: ServerFrames[T]) => boolean = () => true,
  ): Promise<ServerFrame> {
    return this.socket.find((frame) => frame.type === type && fits(frame as ServerFrames[T]));
  }

  /** Applies what has arrived, in its order; what arrives while pages are read waits for them. */
  async catchUp(): Promise<void> {
    const frames = this.#socket?.frames ?? [];
    while (this.#applied < frames.length) {
      const frame = frames[this.#applied++] as ServerFrame;
      this.taken.push(frame);
      if (frame.type === 'sync') await this.#takeSync(frame);
      else await this.#reload(this.replica.apply(frame));
    }
  }

  /** Goes offline, as a laptop does whose lid is closed. What had arrived is known. */
  async disconnect(): Promise<void> {
    await this.socket.settled();
    await this.catchUp();
    this.socket.terminate();
    await this.socket.closed();
    this.#socket = null;
    this.#applied = 0;
  }

  /** Comes back and resumes. */
  async resume(): Promise<void> {
    this.#socket = await this.person.connect();
    this.#socket.send({ type: 'resume', cursor: this.#cursor, request_id: 'resume' });
    const last = await this.#socket.find(
      (frame) =>
        (frame.type === 'sync' && !frame.has_more) ||
        (frame.type === 'error' && frame.request_id === 'resume'),
    );
    if (last.type === 'error') throw new Error(`resuming was refused: ${last.code}`);
    await this.catchUp();
  }

  /** Reloads the page: what is read then is older than some events, and newer than others. */
  async reopen(): Promise<void> {
    this.socket.terminate();
    this.#socket = await this.person.connect();
    this.#applied = 0;
    this.#cursor = connectedOf(this.#socket).cursor;
    this.replica = await loadReplica(this.person, this.person.id);
  }

  /** Takes every frame another time. Those that ask for pages to be read anew do not stand by themselves. */
  hearAgain(): void {
    for (const frame of this.taken)
      if (frame.type !== 'sync' || !frame.conversations.some(({ reset }) => reset)) this.replica.apply(frame);
  }

  /** Catches up over REST, without a socket. */
  async sync(): Promise<void> {
    let more = true;
    while (more) {
      const { status, body } = await this.person.get<SyncAnswer>(
        `/api/sync?cursor=${encodeURIComponent(this.#cursor)}`,
      );
      if (status !== 200) throw new Error(`GET /api/sync answered ${status}: ${JSON.stringify(body)}`);
      await this.#takeSync(body);
      // A retry whose first answer got lost.
      await this.#takeSync(body);
      more = body.has_more;
    }
  }

  /** Whether a frame of this type was among those that the replica took. */
  hasTaken(type: FrameType): boolean {
    return this.taken.some((frame) => frame.type === type);
  }

  async differences(): Promise<string[]> {
    const fresh = await freshRead(this.person, this.person.id);
    return difference(snapshotOf(this.replica), fresh).map((each) => `${this.person.id}: ${each}`);
  }

  async #takeSync(answer: SyncAnswer): Promise<void> {
    if (answer.reset) throw new Error('the server did not know its own cursor');
    const stale = this.replica.applySync(answer);
    this.#cursor = answer.cursor;
    await this.#reload(stale);
  }

  async #reload(conversationIds: readonly string[]): Promise<void> {
    for (const id of conversationIds) await reload(this.person, this.replica, id);
  }
}

function connectedOf(socket: TestSocket): ServerFrames['connected'] {
  const [first] = socket.frames;
  if (first?.type !== 'connected') throw new Error('the first frame is not "connected"');
  return first;
}

/**
 * Where replicas and fresh reads differ once no event is on its way any more. As long as they do, or something awaited
 * has not been `seen`, another event is awaited: a receipt is gathered for some milliseconds before it is told.
 */
export async function disagreements(
  followers: readonly Follower[],
  seen: () => boolean = () => true,
): Promise<string[]> {
  const patience = AbortSignal.timeout(patienceMs);
  for (;;) {
    const connected = followers.filter((each) => each.isConnected);
    await Promise.all(connected.map(({ socket }) => socket.settled()));
    await Promise.all(followers.map((each) => each.catchUp()));
    const found = (await Promise.all(followers.map((each) => each.differences()))).flat();
    if (found.length === 0 && seen()) return found;
    if (!(await anotherFrame(connected, patience))) return found;
  }
}

/** False if the time is over. */
async function anotherFrame(followers: readonly Follower[], patience: AbortSignal): Promise<boolean> {
  if (patience.aborted) return false;
  if (followers.some(({ isBehind }) => isBehind)) return true;
  const over = new AbortController();
  const signal = AbortSignal.any([patience, over.signal]);
  const arrivals = followers.map(({ socket }) => once(socket.raw, 'message', { signal }));
  try {
    await Promise.any(arrivals);
    return true;
  } catch {
    return false;
  } finally {
    over.abort();
    await Promise.allSettled(arrivals);
  }
}
