import type { Client } from './client.ts';
import { at, randomOf, weighted } from './random.ts';
import type { Room } from './rooms.ts';

/** How often people do what. */
const weights = {
  send: 42,
  read: 14,
  edit: 7,
  delete: 3,
  repeat: 3,
  typing: 6,
  membership: 8,
  role: 4,
  title: 3,
  upload: 3,
  status: 3,
  profile: 2,
  create: 2,
  deleteConversation: 1,
  join: 2,
  resume: 1,
  background: 3,
} as const;

export type StepKind = keyof typeof weights;

/** One thing that somebody does, and the fractions that choose on what, of what there is by then. */
export interface Step {
  readonly at: number;
  readonly kind: StepKind;
  readonly where: number;
  readonly what: number;
  readonly how: number;
}

/** Milliseconds between two steps of a client, in the mean. */
const meanPauseMs = 2500;
/** Requests of a client that may be under way; steps that come while there are more are left out. */
const mostUnderWay = 8;
const sprinklings = [
  'yes',
  'no, why?',
  'see you there',
  'déjà vu ☕',
  'that is the longest answer that I could think of',
];

/** Everything that a client will do, decided by the seed alone. */
export function planSteps(seed: number, ms: number, index: number): Step[] {
  const random = randomOf(seed, 'steps', index);
  const steps: Step[] = [];
  for (let time = 0; ;) {
    time += 2 * meanPauseMs * random.next();
    const kind = weighted(weights, random.next());
    const [where, what, how] = [random.next(), random.next(), random.next()];
    if (time >= ms) return steps;
    steps.push({ at: time, kind, where, what, how });
  }
}

/** Begins a step; what there is nothing for is left out. Resolves when it is answered. */
export async function take(client: Client, step: Step): Promise<void> {
  if (client.journal.underWay >= mostUnderWay) return;
  const room = roomAt(client, step.where, step.kind);
  await doings[step.kind]({ client, step, room });
}

interface Doing {
  readonly client: Client;
  readonly step: Step;
  readonly room: Room | null;
}

/** For what only some may do, mostly a group of one's own. */
function roomAt({ rooms, userId }: Client, where: number, kind: StepKind): Room | null {
  const all = [...rooms.all.values()];
  const own = all.filter((room) => room.type === 'group' && room.createdBy === userId);
  const managing =
    kind === 'membership' || kind === 'role' || kind === 'title' || kind === 'deleteConversation';
  const choice = managing && own.length > 0 && where < 0.9 ? own : all;
  return choice.length === 0 ? null : at(choice, (where * 7) % 1);
}

const doings: Readonly<Record<StepKind, (doing: Doing) => Promise<void>>> = {
  async send({ client, step, room }) {
    if (room === null) return;
    const parent = step.what < 0.25 && room.recent.length > 0 ? at(room.recent, step.what * 4) : null;
    const how = { socket: step.how < 0.6, replyTo: parent?.id ?? null };
    await client.journal.send(room.id, at(sprinklings, step.what), how);
  },
  async read({ client, step, room }) {
    if (room === null || room.recent.length === 0) return;
    await client.journal.read(room.id, at(room.recent, step.what), step.how < 0.5);
  },
  async edit({ client, step }) {
    const own = client.journal.sends.filter(({ outcome }) => outcome === 'acknowledged').slice(-20);
    if (own.length === 0) return;
    const { conversationId, id, clientId } = at(own, step.what);
    if (id !== null) await client.journal.change(conversationId, id, `${clientId} edited ${step.how}`);
  },
  async delete({ client, step }) {
    const own = client.journal.sends.filter(({ outcome }) => outcome === 'acknowledged').slice(-20);
    if (own.length === 0) return;
    const { conversationId, id } = at(own, step.what);
    if (id !== null) await client.journal.change(conversationId, id, null);
  },
  async repeat({ client, step }) {
    const own = client.journal.sends.filter(
      ({ outcome, kind, content }) => outcome === 'acknowledged' && kind === 'text' && content !== '',
    );
    if (own.length > 0) await client.journal.repeat(at(own, step.what));
  },
  async typing({ client, step, room }) {
    if (room === null) return;
    client.session?.send({ type: step.how < 0.7 ? 'typing_start' : 'typing_stop', conversation_id: room.id });
  },
  async membership({ client, step, room }) {
    if (room?.type !== 'group') return;
    const { rest, journal, userId } = client;
    const person = personIn(room, step.what);
    const path = `/api/conversations/${room.id}/participants`;
    if (person === userId && step.how > 0.15) return;
    // Often the two belong together: out, and in again a moment later, while events are on their way.
    await journal.track(async () => {
      if (step.how < 0.7) await rest.delete(`${path}/${encodeURIComponent(person)}`);
      if (step.how > 0.2) await rest.post(path, { user_id: person, client_id: `${userId}.in.${step.at}` });
    });
  },
  async role({ client, step, room }) {
    if (room?.type !== 'group') return;
    const path = `/api/conversations/${room.id}/participants/${encodeURIComponent(personIn(room, step.what))}`;
    const change =
      step.how < 0.25
        ? { is_muted: true }
        : step.how < 0.6
          ? { is_muted: false }
          : { role: step.how < 0.8 ? 'moderator' : 'participant' };
    await client.journal.track(() => client.rest.put(path, change));
  },
  async title({ client, step, room }) {
    if (room?.type !== 'group') return;
    const change = step.how < 0.8 ? { title: `${room.title} ${step.what}` } : { is_archived: step.how < 0.9 };
    await client.journal.track(() => client.rest.put(`/api/conversations/${room.id}`, change));
  },
  async upload({ client, step, room }) {
    if (room === null) return;
    await client.journal.upload(room.id, 'look at this', step.how < 0.5 ? picture() : note(step.what));
  },
  async status({ client, step }) {
    const status = at(['online', 'online', 'away', 'busy', 'offline'], step.what);
    await client.journal.track(() => client.rest.put('/api/users/status', { status }));
  },
  async profile({ client, step }) {
    if (client.planned.device !== 0) return;
    const token = client.tokens.rename(`${client.userId} ${step.what.toFixed(3)}`);
    if (step.how < 0.5) await client.session?.ask({ type: 'refresh_token', token });
    else await client.journal.track(() => client.rest.get('/api/conversations?limit=1'));
  },
  async create({ client, step, room }) {
    const members =
      room === null ? [] : [...room.people].filter((userId) => userId !== client.userId).slice(0, 8);
    const [other] = members;
    if (other === undefined) return;
    const direct = step.how < 0.3;
    await client.journal.create({
      type: direct ? 'direct' : 'group',
      title: direct ? null : `brief ${step.what}`,
      creator: client.userId,
      members: direct ? [other] : members,
    });
  },
  async deleteConversation({ client, room }) {
    if (room?.title?.startsWith('brief') !== true) return;
    await client.journal.track(() => client.rest.delete(`/api/conversations/${room.id}`));
  },
  async join({ client, room }) {
    if (room !== null) client.session?.send({ type: 'join_conversation', conversation_id: room.id });
  },
  async resume({ client }) {
    if (client.session !== null && !client.session.catchingUp) client.resume(client.session);
  },
  background: ({ client, step }) =>
    client.background(500 + step.what ** 3 * 20_000, step.how < 0.5 ? 'closes' : 'vanishes'),
};

const personIn = (room: Room, fraction: number): string => {
  const people = [...room.people];
  return people.length === 0 ? 'nobody' : at(people, fraction);
};

/** A red dot, one pixel wide. */
const dot =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';

const picture = (): File => new File([Buffer.from(dot, 'base64')], 'dot.png', { type: 'image/png' });
const note = (what: number): File => new File([`a note of ${what}\n`], 'note.txt', { type: 'text/plain' });
