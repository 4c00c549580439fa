import { randomOf, type Random } from './random.ts';

export interface Options {
  readonly seed: number;
  /** Seconds of chaos; settling and checking come on top. */
  readonly seconds: number;
  /** Clients with sockets. */
  readonly clients: number;
  /** Nodes; with less than three there is nobody else to go to. */
  readonly nodes: number;
  /** Processes that the clients are spread over. */
  readonly workers: number;
  /** The kinds of fault to choose from; null: all. */
  readonly faults: readonly string[] | null;
  /** Leaves out the wait for leases to end, and with it the check of presence. */
  readonly quick: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** One device of a person. Some people have two. */
export interface PlannedClient {
  readonly index: number;
  readonly userId: string;
  readonly device: number;
  /** Closes its socket for good once all is settled: the presence of those who left must end. */
  readonly leavesAtEnd: 'closes' | 'vanishes' | null;
}

export interface PlannedConversation {
  readonly type: 'direct' | 'group';
  readonly title: string | null;
  readonly creator: string;
  /** The others. */
  readonly members: readonly string[];
}

/** Who there is and what they begin with; decided by the seed alone. */
export interface World {
  readonly clients: readonly PlannedClient[];
  readonly conversations: readonly PlannedConversation[];
}

const largeSize = 1000;
/** Below the size at which receipts and statuses are no longer told to everybody. */
const mediumSize = 150;

export function planWorld({ seed, clients: count }: Options): World {
  const random = randomOf(seed, 'world');
  const doubled = Math.floor(count / 10);
  const people = Array.from({ length: count - doubled }, (_, index) => `u${index}`);
  const owners = [...people, ...people.slice(0, doubled)];
  const clients = owners.map((userId, index): PlannedClient => {
    const leaves = random.next();
    return {
      index,
      userId,
      device: index < people.length ? 0 : 1,
      leavesAtEnd: leaves < 0.12 ? 'closes' : leaves < 0.24 ? 'vanishes' : null,
    };
  });
  return { clients, conversations: [...directs(people, random), ...groups(people, random)] };
}

function directs(people: readonly string[], random: Random): PlannedConversation[] {
  const pairs = new Map<string, PlannedConversation>();
  for (const creator of people) {
    const other = random.pick(people);
    const key = [creator, other].toSorted().join(' ');
    if (other !== creator && !pairs.has(key))
      pairs.set(key, { type: 'direct', title: null, creator, members: [other] });
  }
  return [...pairs.values()];
}

function groups(people: readonly string[], random: Random): PlannedConversation[] {
  const silent = Array.from({ length: largeSize }, (_, index) => `silent${index}`);
  const group = (title: string, connected: number, size: number): PlannedConversation => {
    const [creator = '', ...members] = random.shuffled(people).slice(0, Math.max(2, connected));
    const others = silent.slice(0, Math.max(0, size - members.length - 1));
    return { type: 'group', title, creator, members: [...members, ...others] };
  };
  const small = Math.ceil(people.length / 4);
  const tens = Math.min(60, Math.ceil(people.length / 3));
  return [
    ...Array.from({ length: small }, (_, n) => group(`small ${n}`, random.whole(3, 12), 0)),
    ...Array.from({ length: Math.ceil(people.length / 40) }, (_, n) => group(`team ${n}`, 25, 0)),
    group('medium', Math.min(40, tens), mediumSize),
    group('large 0', tens, largeSize),
    group('large 1', tens, largeSize),
  ];
}
