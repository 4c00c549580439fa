/** People of a real server: those of the tests of the client, and a network that can be told what to answer. */
import { afterAll, beforeAll } from 'vitest';
import type { Parley, ParleyOptions } from '@parley/client';
import { Cell } from '../../src/cell.ts';
import { openStage, until, type Stage } from '../../../client/test/support/people.ts';

export { texts, until } from '../../../client/test/support/people.ts';

let opened: Stage | undefined;
/** The server of this test file. */
export function useStage(): () => Stage {
  beforeAll(async () => {
    opened = await openStage();
  });
  afterAll(() => opened?.close());
  return () => {
    if (opened === undefined) throw new Error('There is no stage yet');
    return opened;
  };
}

let count = 0;
/** A name that nobody else has. */
export const newName = (name: string): string => `${name}-${++count}`;

export interface Two {
  readonly ann: string;
  readonly bob: string;
  /** Ann's client, not connected: for the hooks. */
  readonly client: Parley;
  /** Bob's, connected. */
  readonly other: Parley;
  /** Those of Ann's client. */
  readonly sockets: ReturnType<typeof countedSockets>;
  /** What they share: its id. */
  readonly id: string;
}

/** Ann, who uses hooks, and Bob, in a group. */
export async function two(stage: Stage, options: Partial<ParleyOptions> = {}): Promise<Two> {
  const [ann, bob] = [newName('ann'), newName('bob')];
  const other = stage.client(bob, { share: null, url: stage.server.origin });
  await other.connect();
  const group = await other.createConversation({ type: 'group', title: 'Lunch', participant_ids: [ann] });
  await group.open();
  const sockets = countedSockets();
  const client = stage.client(ann, { share: null, WebSocket: sockets.WebSocket, ...options });
  return { ann, bob, client, sockets, other, id: group.id };
}

export const live = (parley: Parley) => until(parley, ({ connection }) => connection.status === 'live');

/** A network that answers as it is told: `fault` takes the path and answers in place of the server, or not. */
export function faultyFetch() {
  const network = {
    fault: (_path: string): Response | Promise<Response> | null => null,
    fetch: async (url: string, init: RequestInit) =>
      (await network.fault(new URL(url).pathname)) ?? fetch(url, init),
  };
  return network;
}

/** A refusal as the server words it. */
export const refusal = (status: number, code: string): Response =>
  Response.json({ detail: `It is ${code}`, code }, { status });

/** Counts the sockets of one client, and hears what the server answers. */
export function countedSockets() {
  const open = new Set<WebSocket>();
  const joined = new Cell<readonly string[]>([]);
  let made = 0;
  class Counted extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      made++;
      open.add(this);
      this.addEventListener('message', ({ data }) => {
        const frame = JSON.parse(String(data)) as { type: string; conversation_id?: string };
        if (frame.type === 'joined_conversation')
          joined.set([...joined.getSnapshot(), frame.conversation_id ?? '']);
      });
    }
    override close(code?: number): void {
      open.delete(this);
      super.close(code);
    }
  }
  return {
    WebSocket: Counted as unknown as NonNullable<ParleyOptions['WebSocket']>,
    open,
    /** Resolves once the server tells who is typing there. */
    joined: (id: string) => until(joined, (ids) => ids.includes(id)),
    get made() {
      return made;
    },
  };
}
