/** Whatever five people do, in whatever order: what their clients make of the events is what a reload would show. */
import type { Conversation, Message, Participant } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Follower, disagreements } from './support/follower.ts';
import { startServer, type Person, type TestServer } from './support/server.ts';

const actionCount = 300;
/** Actions that go on at the same time, at most. */
const atOnce = 4;
const seed = Number(process.env['STATE_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** The same numbers in [0, 1) for the same seed, as good as a test needs them (a 32-bit xorshift). */
function numbers(start: number): () => number {
  let state = start >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

interface Turn {
  readonly by: Follower;
  readonly conversation: Conversation;
  readonly message: Message | undefined;
  readonly member: Participant | undefined;
  readonly anybody: Person;
  /** The group in which everybody stays. */
  readonly isHome: boolean;
  readonly chance: () => number;
}

/** Refusals are fine: it is for the others to be right about what was not done, too. */
async function attempt(answer: Promise<{ readonly status: number; readonly body: unknown }>): Promise<void> {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBeLessThan(500);
}

const oneOf = <T>(items: readonly T[], chance: () => number): T | undefined =>
  items[Math.floor(chance() * items.length)];

const path = ({ id }: { readonly id: string }): string => `/api/conversations/${id}`;
const text = (chance: () => number): string =>
  oneOf(['ok', 'Grüße', '😀'.repeat(1 + Math.floor(chance() * 300)), 'a'.repeat(250), '  '], chance) ?? '';

async function resumeAfterAWhile({ by, conversation, anybody }: Turn): Promise<void> {
  await by.disconnect();
  await attempt(anybody.post(`${path(conversation)}/messages`, { content: 'while you were away' }));
  await by.resume();
}

async function rename({ by, chance }: Turn): Promise<void> {
  const name = `Name ${Math.floor(chance() * 1000)}`;
  by.person = await server.person(by.person.id, { user_metadata: { full_name: name } });
  await attempt(by.person.get('/api/conversations'));
}

/** What may happen, and how often. */
const actions: readonly (readonly [weight: number, act: (turn: Turn) => Promise<void>])[] = [
  [
    25,
    ({ by, conversation, chance }) =>
      attempt(by.person.post(`${path(conversation)}/messages`, { content: text(chance) })),
  ],
  [
    10,
    async ({ by, conversation, chance }) =>
      by.socket.send({ type: 'send_message', conversation_id: conversation.id, content: text(chance) }),
  ],
  [
    12,
    ({ by, conversation, message, chance }) =>
      attempt(
        by.person.post(`${path(conversation)}/messages`, {
          content: text(chance),
          reply_to_id: message?.id ?? null,
        }),
      ),
  ],
  [
    12,
    ({ by, message, chance }) =>
      attempt(by.person.put(`/api/messages/${message?.id}`, { content: text(chance) })),
  ],
  [5, ({ by, message }) => attempt(by.person.delete(`/api/messages/${message?.id}`))],
  [15, ({ by, message }) => attempt(by.person.post(`/api/messages/${message?.id}/read`))],
  [
    8,
    ({ by, conversation, anybody }) =>
      attempt(by.person.post(`${path(conversation)}/participants`, { user_id: anybody.id })),
  ],
  [
    4,
    async ({ by, conversation, member, isHome }) =>
      isHome ? undefined : attempt(by.person.delete(`${path(conversation)}/participants/${member?.user_id}`)),
  ],
  [
    6,
    ({ by, conversation, member, chance }) =>
      attempt(
        by.person.put(`${path(conversation)}/participants/${member?.user_id}`, {
          role: oneOf(['admin', 'moderator', 'participant'], chance),
          is_muted: chance() < 0.3,
        }),
      ),
  ],
  [
    4,
    ({ by, conversation, chance }) =>
      attempt(
        by.person.put(path(conversation), {
          title: text(chance).slice(0, 20).toWellFormed(),
          is_archived: chance() < 0.3,
        }),
      ),
  ],
  [
    2,
    ({ conversation }) =>
      attempt(
        server
          .service()
          .post(`${path(conversation)}/messages`, { content: 'A notice', message_type: 'system' }),
      ),
  ],
  [
    1,
    async ({ by, conversation, isHome }) =>
      isHome ? undefined : attempt(by.person.delete(path(conversation))),
  ],
  [3, rename],
  [4, resumeAfterAWhile],
  [3, ({ by }) => by.reopen()],
];

const total = actions.reduce((sum, [weight]) => sum + weight, 0);

function pick(chance: () => number): (turn: Turn) => Promise<void> {
  let rest = chance() * total;
  const found = actions.find(([weight]) => (rest -= weight) < 0) ?? actions[0];
  if (found === undefined) throw new Error('there is nothing to do');
  return found[1];
}

/** What somebody finds on their screen to act on. */
function turnOf(by: Follower, people: readonly Person[], home: string, chance: () => number): Turn | null {
  const held = oneOf([...by.replica.conversations.values()], chance);
  const anybody = oneOf(people, chance);
  if (held === undefined || anybody === undefined) return null;
  const seq = oneOf([...held.seqs()], chance);
  return {
    by,
    conversation: held.toConversation(),
    message: seq === undefined ? undefined : held.message(seq),
    member: oneOf(held.everybody(), chance),
    anybody,
    isHome: held.id === home,
    chance,
  };
}

/** Three conversations at all times: one in which everybody stays, a direct one, and one that comes and goes. */
async function furnish(followers: readonly Follower[], chance: () => number): Promise<void> {
  const by = oneOf(followers, chance);
  if (by === undefined || by.replica.conversations.size >= 3) return;
  const others = followers.filter((each) => each !== by).map(({ person }) => person);
  await by.person.group(...others.filter(() => chance() < 0.6));
}

test(`${actionCount} actions of five people in some conversations; STATE_SEED=${seed}`, async () => {
  const chance = numbers(seed);
  const people = await Promise.all(Array.from({ length: 5 }, () => server.person()));
  const [ann, bob] = people as [Person, Person];
  for (const person of people) await attempt(person.get('/api/conversations'));
  const home = await ann.group(...people.slice(1));
  await attempt(ann.post('/api/conversations', { type: 'direct', participant_ids: [bob.id] }));
  const followers = await Promise.all(people.map((person) => Follower.of(person)));
  for (let done = 0; done < actionCount;) {
    await furnish(followers, chance);
    const actors = followers.filter(() => chance() < 0.5).slice(0, atOnce);
    const turns = actors.flatMap((by) => turnOf(by, people, home.id, chance) ?? []);
    await Promise.all(turns.map((turn) => pick(chance)(turn)));
    // Some look at once, and some later.
    await Promise.all(followers.filter(() => chance() < 0.5).map((each) => each.catchUp()));
    done += turns.length;
  }
  expect(await disagreements(followers)).toEqual([]);
  for (const { socket } of followers) socket.close();
});
