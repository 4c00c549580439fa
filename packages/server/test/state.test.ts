/**
 * What each event means: state before + event = a fresh read, field by field, for every kind of event and everybody who
 * is told. Without it a client shows something else than after a reload.
 */
import { serverFrames, type Conversation, type Message, type ServerFrame } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { png } from '../src/blobs/images.fixture.ts';
import { Follower, disagreements } from './support/follower.ts';
import { startServer, type Person, type TestServer } from './support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** Four people; Ann, Bob and Cem are in a group, Dora is in none of theirs. */
interface Scene {
  readonly ann: Person;
  readonly bob: Person;
  readonly cem: Person;
  readonly dora: Person;
  readonly group: Conversation;
  /** From here on these people follow by events alone. */
  follow(...people: readonly Person[]): Promise<Follower[]>;
}

type Scenarios = Readonly<Record<string, (scene: Scene) => Promise<void>>>;

type Kind =
  /** Changes what a fresh read gives. */
  | { readonly durable: Scenarios }
  /** Tells what `GET /users/status` answers about Ann; Bob has the conversation open. */
  | { readonly ephemeral: (scene: Scene, ann: Follower) => Promise<unknown> }
  /** Answers this frame of Ann's, and changes nothing by itself. */
  | { readonly answers: (scene: Scene) => Promise<object> };

const path = ({ id }: { id: string }): string => `/api/conversations/${id}`;
const memberPath = (conversation: Conversation, person: { id: string }): string =>
  `${path(conversation)}/participants/${person.id}`;

async function ok<T>(answer: Promise<{ readonly status: number; readonly body: T }>): Promise<T> {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return body;
}

const edit = (by: Person, { id }: Message, content: string) => ok(by.put(`/api/messages/${id}`, { content }));
const erase = (by: Person, { id }: Message) => ok(by.delete(`/api/messages/${id}`));
const read = (by: Person, { id }: Message) => ok(by.post(`/api/messages/${id}/read`));
const add = (by: Person, group: Conversation, who: { id: string }, more: object = {}) =>
  ok(by.post(`${path(group)}/participants`, { user_id: who.id, ...more }));
const remove = (by: Person, group: Conversation, who: { id: string }) =>
  ok(by.delete(memberPath(group, who)));
const change = (by: Person, group: Conversation, who: Person, changes: object) =>
  ok(by.put(memberPath(group, who), changes));
const update = (by: Person, group: Conversation, changes: object) => ok(by.put(path(group), changes));

/** A newer token of somebody, with another name. */
const renamed = async ({ id }: Person, name: string, picture?: string): Promise<Person> => {
  const person = await server.person(id, { user_metadata: { full_name: name, avatar_url: picture } });
  await ok(person.get('/api/conversations'));
  return person;
};

async function upload(by: Person, group: Conversation, caption?: string): Promise<Message> {
  const form = new FormData();
  if (caption !== undefined) form.append('content', caption);
  form.append('file', new File([new Uint8Array(await png(60, 40))], 'sea.png', { type: 'image/png' }));
  return ok(by.post<Message>(`${path(group)}/upload`, form));
}

const crowd = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `${index} of ${Math.random()}` }));

/** 250 letters that take two UTF-16 units each: a text cut at 200 units would end inside of one. */
const long = '😀'.repeat(150) + 'é'.repeat(60) + '𝒳'.repeat(40);

const kinds: { readonly [K in ServerFrame['type']]: Kind } = {
  new_message: {
    durable: {
      'a text to people who have unread ones, by somebody who has none': async ({
        ann,
        bob,
        cem,
        group,
        follow,
      }) => {
        await ann.say(group.id, 'unread');
        await read(cem, await ann.say(group.id, 'read by Cem'));
        await follow(ann, bob, cem);
        await cem.say(group.id, 'hello', {
          metadata: { n: [1.5, -0, 1e20], ключ: { '': null } },
          client_id: 'c',
        });
      },
      'by somebody who had unread ones of others: they are read': async ({
        ann,
        bob,
        cem,
        group,
        follow,
      }) => {
        for (const text of ['one', 'two', 'three']) await ann.say(group.id, text);
        await follow(ann, bob, cem);
        await bob.say(group.id, 'I have seen them');
      },
      'over the socket, by two people at once, many times': async ({ ann, bob, cem, group, follow }) => {
        const [a, b] = (await follow(ann, bob, cem)) as [Follower, Follower, Follower];
        for (let count = 0; count < 10; count++)
          for (const { socket } of [a, b])
            socket.send({ type: 'send_message', conversation_id: group.id, content: `${count}` });
        await Promise.all(
          [a, b].map((each) => each.find('new_message', ({ message }) => message.seq === 20)),
        );
      },
      'replies to one message, at once, and a reply to a reply': async ({ ann, bob, cem, group, follow }) => {
        const parent = await ann.say(group.id, long);
        await follow(ann, bob, cem);
        const reply_to_id = parent.id;
        const [reply] = await Promise.all([
          bob.say(group.id, 'yes', { reply_to_id }),
          cem.say(group.id, 'no', { reply_to_id }),
          ann.say(group.id, 'well', { reply_to_id }),
        ]);
        await cem.say(group.id, 'really?', { reply_to_id: reply.id });
      },
      'a reply to a deleted message': async ({ ann, bob, group, follow }) => {
        const parent = await ann.say(group.id, 'oh');
        await erase(ann, parent);
        await follow(ann, bob);
        await bob.say(group.id, 'what was it?', { reply_to_id: parent.id });
      },
      'an image': async ({ ann, bob, group, follow }) => {
        await follow(ann, bob);
        await upload(ann, group);
        await upload(bob, group, 'the sea');
      },
      'a system message': async ({ ann, bob, group, follow }) => {
        await ann.say(group.id, 'before');
        await follow(ann, bob);
        const body = { content: 'Maintenance at noon', message_type: 'system' };
        await ok(server.service().post(`${path(group)}/messages`, body));
      },
      'to somebody who is muted, and in an archived conversation': async ({ ann, bob, group, follow }) => {
        await change(ann, group, bob, { is_muted: true });
        await update(ann, group, { is_archived: true });
        await follow(ann, bob);
        await ann.say(group.id, 'is anybody here?');
      },
      'by somebody whose token has an older name of theirs': async ({ ann, bob, group, follow }) => {
        const older = ann;
        await follow(ann, bob);
        await renamed(ann, 'Ann the Second');
        await older.say(group.id, 'from the tab that I left open');
      },
      'in a group of more than 200 people': async ({ ann, bob, follow }) => {
        const large = await ann.group(...crowd(210), bob);
        await follow(ann, bob);
        await ann.say(large.id, 'hello, crowd');
        await read(bob, await ann.say(large.id, 'hello?'));
        await ann.say(large.id, 'one unread');
      },
    },
  },
  message_updated: {
    durable: {
      'the last one, to more than it said': async ({ ann, bob, cem, group, follow }) => {
        const message = await ann.say(group.id, 'short');
        await follow(ann, bob, cem);
        await edit(ann, message, long);
      },
      'one that has replies': async ({ ann, bob, cem, group, follow }) => {
        const parent = await ann.say(group.id, 'a question');
        const first = await bob.say(group.id, 'an answer', { reply_to_id: parent.id });
        await follow(ann, bob, cem);
        await cem.say(group.id, 'another', { reply_to_id: parent.id });
        await edit(ann, parent, long);
        await edit(bob, first, `${long}!`);
      },
      'of somebody who left, before and after they come back': async ({ ann, bob, cem, group, follow }) => {
        const message = await bob.say(group.id, 'mine');
        await follow(ann, bob, cem);
        await remove(bob, group, bob);
        await add(ann, group, bob);
        await edit(bob, message, 'still mine');
      },
    },
  },
  message_deleted: {
    durable: {
      'the last one': async ({ ann, bob, cem, group, follow }) => {
        await bob.say(group.id, 'first');
        const message = await ann.say(group.id, 'wrong window');
        await follow(ann, bob, cem);
        await erase(ann, message);
      },
      'one that has replies, and then one of these': async ({ ann, bob, cem, group, follow }) => {
        const parent = await ann.say(group.id, 'a question');
        const reply = await bob.say(group.id, 'an answer', { reply_to_id: parent.id });
        await cem.say(group.id, 'true', { reply_to_id: reply.id });
        await follow(ann, bob, cem);
        await erase(ann, parent);
        await erase(bob, reply);
      },
      'an image': async ({ ann, bob, group, follow }) => {
        const message = await upload(ann, group, 'a secret');
        await follow(ann, bob);
        await erase(ann, message);
      },
    },
  },
  conversation_created: {
    durable: {
      'a group': async ({ ann, bob, cem, dora, follow }) => {
        await follow(ann, bob, cem, dora);
        const body = { type: 'group', title: 'New', participant_ids: [bob.id, dora.id], metadata: { a: 1 } };
        await ok(ann.post('/api/conversations', body));
      },
      'a direct conversation, from both sides at once': async ({ ann, dora, follow }) => {
        await follow(ann, dora);
        const direct = (by: Person, to: Person) =>
          ok(by.post<Conversation>('/api/conversations', { type: 'direct', participant_ids: [to.id] }));
        const [one, other] = await Promise.all([direct(ann, dora), direct(dora, ann)]);
        expect(one.id).toBe(other.id);
        await dora.say(one.id, 'just us');
      },
      'with more people than a conversation shows': async ({ ann, bob, follow }) => {
        await follow(ann, bob);
        const group = await ann.group(...crowd(120), bob);
        await remove(ann, group, { id: group.participants[7]?.user_id ?? '' });
      },
      'by the service role, which is nobody in it': async ({ ann, bob, follow }) => {
        await follow(ann, bob);
        const body = { type: 'group', participant_ids: [ann.id, bob.id] };
        await ok(server.service().post('/api/conversations', body));
      },
    },
  },
  conversation_updated: {
    durable: {
      'its title and metadata': async ({ ann, bob, group, follow }) => {
        await ann.say(group.id, 'unread');
        await follow(ann, bob);
        await update(ann, group, {
          title: 'Renamed',
          metadata: { colour: 'green', deep: { er: [1, null] } },
        });
        await update(ann, group, { title: null, metadata: null });
      },
      'archived, and back': async ({ ann, bob, group, follow }) => {
        await follow(ann, bob);
        await update(ann, group, { is_archived: true });
        await ann.say(group.id, 'to the archive');
        await update(ann, group, { is_archived: false });
      },
      'archived for good': async ({ ann, bob, group, follow }) => {
        await follow(ann, bob);
        await update(ann, group, { is_archived: true });
      },
    },
  },
  conversation_deleted: {
    durable: {
      'with all that was in it': async ({ ann, bob, cem, group, follow }) => {
        await ann.say(group.id, 'gone soon');
        await follow(ann, bob, cem);
        await ok(ann.delete(path(group)));
      },
    },
  },
  participant_added: {
    durable: {
      'somebody new, to a group with a history': async ({ ann, bob, dora, group, follow }) => {
        const parent = await ann.say(group.id, 'before her time');
        await bob.say(group.id, 'indeed', { reply_to_id: parent.id });
        await erase(ann, parent);
        await follow(ann, bob, dora);
        await add(ann, group, dora, { role: 'moderator' });
        await ann.say(group.id, 'welcome');
        await dora.say(group.id, 'thank you');
      },
      'somebody who never signed in': async ({ ann, bob, group, follow }) => {
        await follow(ann, bob);
        await add(ann, group, { id: 'nobody yet' });
        await ann.say(group.id, 'who is that?');
      },
      'somebody who was removed: they stand at the end now': async ({ ann, bob, cem, group, follow }) => {
        const message = await bob.say(group.id, 'see you');
        await follow(ann, bob, cem);
        await remove(ann, group, bob);
        await ann.say(group.id, 'while he was away');
        await add(ann, group, bob, { role: 'admin' });
        await cem.say(group.id, 'hello again', { reply_to_id: message.id });
        await bob.say(group.id, 'hello');
      },
      'the 201st person: receipts are told no more': async ({ ann, bob, dora, follow }) => {
        const group = await ann.group(...crowd(198), bob);
        await ann.say(group.id, 'early');
        await follow(ann, bob);
        await add(ann, group, dora);
        await read(bob, await ann.say(group.id, 'late'));
      },
    },
  },
  participant_updated: {
    durable: {
      'a role': async ({ ann, bob, cem, group, follow }) => {
        await follow(ann, bob, cem);
        await change(ann, group, bob, { role: 'moderator' });
        await change(ann, group, cem, { role: 'admin' });
      },
      'a mute, of somebody who has read something meanwhile': async ({ ann, bob, cem, group, follow }) => {
        const message = await ann.say(group.id, 'read this');
        await follow(ann, bob, cem);
        await Promise.all([change(ann, group, bob, { is_muted: true }), read(bob, message)]);
        await change(ann, group, bob, { is_muted: false, role: 'moderator' });
      },
      'the successor of the last admin': async ({ ann, bob, cem, group, follow }) => {
        await change(ann, group, cem, { role: 'moderator' });
        await follow(ann, bob, cem);
        await remove(ann, group, ann);
      },
    },
  },
  participant_removed: {
    durable: {
      'by an admin': async ({ ann, bob, cem, group, follow }) => {
        await read(bob, await ann.say(group.id, 'Cem has not read this'));
        await cem.say(group.id, 'bye');
        await follow(ann, bob, cem);
        await remove(ann, group, cem);
        await ann.say(group.id, 'without him');
      },
      'who leaves, with messages that only they had not read': async ({ ann, bob, cem, group, follow }) => {
        const message = await ann.say(group.id, 'for both');
        await follow(ann, bob, cem);
        await read(bob, message);
        await remove(cem, group, cem);
      },
      'one of those whom a conversation shows, of more': async ({ ann, bob, follow }) => {
        const group = await ann.group(bob, ...crowd(110));
        await follow(ann);
        await remove(ann, group, bob);
      },
      'the 201st person: receipts are told again': async ({ ann, bob, dora, follow }) => {
        const group = await ann.group(bob, dora, ...crowd(198));
        const message = await ann.say(group.id, 'hello');
        await follow(ann, bob);
        await read(dora, message);
        await remove(ann, group, { id: group.participants[50]?.user_id ?? '' });
        await read(bob, await ann.say(group.id, 'told again'));
      },
    },
  },
  message_read: {
    durable: {
      'by one and then by the other': async ({ ann, bob, cem, group, follow }) => {
        await ann.say(group.id, 'one');
        const [two] = [await ann.say(group.id, 'two'), await ann.say(group.id, 'three')];
        const [, followed] = (await follow(ann, bob, cem)) as [Follower, Follower, Follower];
        followed.socket.send({ type: 'message_read', message_id: two.id, request_id: 'read' });
        await followed.socket.answerTo('read');
        await read(cem, two);
      },
      'an older one, after a newer one': async ({ ann, bob, cem, group, follow }) => {
        const [one, two] = [await ann.say(group.id, 'one'), await cem.say(group.id, 'two')];
        await follow(ann, bob, cem);
        await Promise.all([read(bob, two), read(bob, one)]);
      },
      'in a group of more than 200 people, by oneself alone': async ({ ann, bob, follow }) => {
        const group = await ann.group(...crowd(200), bob);
        const message = await ann.say(group.id, 'hello');
        await follow(ann, bob);
        await read(bob, message);
      },
    },
  },
  message_delivered: {
    durable: {
      'to one of two': async ({ ann, bob, cem, group, follow }) => {
        await follow(ann, bob);
        await ann.say(group.id, 'Cem is away');
        const [followed] = await follow(cem);
        await ann.say(group.id, 'Cem is here');
        await followed?.find('new_message');
      },
    },
  },
  user_updated: {
    durable: {
      'a name and a picture': async ({ ann, bob, cem, group, follow }) => {
        const parent = await ann.say(group.id, 'by her maiden name');
        await bob.say(group.id, 'yes', { reply_to_id: parent.id });
        await follow(bob, cem);
        await renamed(ann, 'Ann Married', 'https://example.org/ann.png');
        await bob.say(group.id, 'congratulations');
      },
      'of somebody who was added before they ever signed in': async ({ ann, bob, group, follow }) => {
        const id = `newcomer ${group.id}`;
        await add(ann, group, { id });
        await follow(ann, bob);
        const newcomer = await server.person(id);
        await newcomer.say(group.id, 'here I am');
      },
      'of somebody who left this group, and is in another': async ({ ann, bob, cem, group, follow }) => {
        await ann.group(bob, cem);
        await bob.say(group.id, 'goodbye');
        await remove(bob, group, bob);
        await follow(ann, cem);
        await renamed(bob, 'Bob of Old');
      },
    },
  },
  sync: {
    durable: {
      'after everything changed, by resuming': async (scene) => {
        const { ann, bob, cem, group, follow } = scene;
        const other = await ann.group(bob, cem);
        const messages = [await ann.say(group.id, 'one'), await bob.say(group.id, 'two')] as const;
        const [, absent] = (await follow(ann, bob, cem)) as [Follower, Follower, Follower];
        await absent.disconnect();
        await everything(scene, messages, other);
        await absent.resume();
        await ann.say(group.id, 'live again');
      },
      'after everything changed, by GET and then by resuming': async (scene) => {
        const { ann, bob, cem, group, follow } = scene;
        const other = await ann.group(bob, cem);
        const messages = [await ann.say(group.id, 'one'), await bob.say(group.id, 'two')] as const;
        const [, absent] = (await follow(ann, bob, cem)) as [Follower, Follower, Follower];
        await absent.disconnect();
        await everything(scene, messages, other);
        await absent.sync();
        expect(await absent.differences()).toEqual([]);
        await absent.resume();
      },
      'after oneself was removed, and added again': async ({ ann, bob, cem, group, follow }) => {
        const [, absent] = (await follow(ann, bob, cem)) as [Follower, Follower, Follower];
        await ann.say(group.id, 'known');
        await absent.disconnect();
        await remove(ann, group, bob);
        for (let count = 0; count < 5; count++) await ann.say(group.id, `unseen ${count}`);
        await add(ann, group, bob);
        await absent.resume();
      },
      'after oneself was added to a group with a history, and removed from another': async (scene) => {
        const { ann, bob, cem, dora, group, follow } = scene;
        const other = await ann.group(dora, bob);
        for (let count = 0; count < 5; count++) await ann.say(group.id, `before her time ${count}`);
        const [, absent] = (await follow(ann, dora, cem)) as [Follower, Follower, Follower];
        await absent.disconnect();
        await add(ann, group, dora);
        await remove(ann, other, dora);
        await absent.resume();
      },
      'while others go on': async ({ ann, bob, cem, group, follow }) => {
        const [, absent] = (await follow(ann, bob, cem)) as [Follower, Follower, Follower];
        await absent.disconnect();
        let isBack = false;
        const talk = async () => {
          for (let count = 0; !isBack || count < 20; count++) {
            const message = await ann.say(group.id, `${count}`);
            await Promise.all([read(cem, message), edit(ann, message, `${count}!`)]);
          }
        };
        await Promise.all([talk(), absent.resume().finally(() => (isBack = true))]);
      },
      'after nothing changed': async ({ ann, bob, follow }) => {
        const [absent] = (await follow(bob, ann)) as [Follower, Follower];
        await absent.disconnect();
        await absent.resume();
      },
    },
  },
  typing_start: {
    ephemeral: async ({ group }, { socket }) =>
      socket.send({ type: 'typing_start', conversation_id: group.id }),
  },
  typing_stop: {
    ephemeral: async ({ group }, { socket }) => {
      socket.send({ type: 'typing_start', conversation_id: group.id });
      socket.send({ type: 'typing_stop', conversation_id: group.id });
    },
  },
  user_status_change: {
    ephemeral: ({ ann }) => ok(ann.put('/api/users/status', { status: 'busy' })),
  },
  joined_conversation: {
    answers: async ({ group }) => ({ type: 'join_conversation', conversation_id: group.id }),
  },
  left_conversation: {
    answers: async ({ group }) => ({ type: 'leave_conversation', conversation_id: group.id }),
  },
  message_ack: {
    answers: async ({ group }) => ({
      type: 'send_message',
      conversation_id: group.id,
      content: 'acknowledge this',
    }),
  },
  read_ack: {
    answers: async ({ bob, group }) => ({
      type: 'message_read',
      message_id: (await bob.say(group.id, 'read me')).id,
    }),
  },
  token_refreshed: {
    answers: async ({ ann }) => ({ type: 'refresh_token', token: ann.bearer }),
  },
  pong: { answers: async () => ({ type: 'ping' }) },
  error: { answers: async () => ({ type: 'join_conversation', conversation_id: 'nowhere' }) },
  connected: {
    // The first frame answers the connection itself.
    answers: async () => ({}),
  },
};

/** What one can miss while away: something of every kind. */
async function everything(
  scene: Scene,
  [first, second]: readonly Message[],
  other: Conversation,
): Promise<void> {
  const { ann, bob, cem, dora, group } = scene;
  if (first === undefined || second === undefined) throw new Error('two messages are needed');
  await cem.say(group.id, 'a reply', { reply_to_id: second.id });
  await edit(ann, first, 'one, edited');
  const gone = await ann.say(group.id, 'deleted soon');
  await erase(ann, gone);
  await add(ann, group, dora);
  await change(ann, group, bob, { role: 'moderator' });
  await update(ann, group, { title: 'Changed meanwhile' });
  await remove(ann, group, cem);
  await add(ann, group, cem);
  await read(dora, await ann.say(group.id, 'last'));
  await ok(ann.delete(path(other)));
  await ann.say((await ann.group(bob, dora)).id, 'a new one');
  await renamed(dora, 'Dora Renamed');
}

async function open(): Promise<Scene & { readonly followers: Follower[] }> {
  const person = () => server.person();
  const [ann, bob, cem, dora] = await Promise.all([person(), person(), person(), person()]);
  // Everybody's name is known before anything is compared.
  await Promise.all([ann, bob, cem, dora].map((each) => ok(each.get('/api/conversations'))));
  const followers: Follower[] = [];
  onTestFinished(() => {
    for (const each of followers) if (each.isConnected) each.socket.close();
  });
  const follow = async (...people: readonly Person[]) => {
    const fresh = await Promise.all(people.map((each) => Follower.of(each)));
    followers.push(...fresh);
    return fresh;
  };
  return { ann, bob, cem, dora, group: await ann.group(bob, cem), followers, follow };
}

test('every kind of event is here', () => {
  expect(Object.keys(kinds).toSorted()).toEqual(Object.keys(serverFrames).toSorted());
});

const types = Object.keys(kinds) as ServerFrame['type'][];

describe.each(types)('%s', (type) => {
  const kind = kinds[type];

  if ('durable' in kind) {
    expect(Object.keys(kind.durable)).not.toEqual([]);
    test.each(Object.entries(kind.durable))('%s', async (_, run) => {
      const scene = await open();
      await run(scene);
      const told = scene.followers.filter(({ isConnected }) => isConnected);
      await Promise.any(told.map((each) => each.find(type)));
      expect(await disagreements(scene.followers)).toEqual([]);
      expect(scene.followers.some(({ taken }) => taken.some((frame) => frame.type === type))).toBe(true);
    });
  }

  if ('ephemeral' in kind) {
    test('tells what GET /users/status answers', async () => {
      const scene = await open();
      const [ann, bob] = (await scene.follow(scene.ann, scene.bob)) as [Follower, Follower];
      bob.socket.send({ type: 'join_conversation', conversation_id: scene.group.id, request_id: 'join' });
      await bob.socket.answerTo('join');
      const status = () =>
        ok(scene.bob.get(`/api/users/status?user_ids=${scene.ann.id}`)).then(({ statuses }) => statuses);
      bob.replica.putStatuses(await status());
      await kind.ephemeral(scene, ann);
      await bob.find(type);
      await bob.socket.settled();
      await bob.catchUp();
      expect([bob.replica.statuses.get(scene.ann.id)]).toEqual(await status());
      expect(await disagreements([ann, bob])).toEqual([]);
    });
  }

  if ('answers' in kind) {
    test('changes nothing by itself', async () => {
      const scene = await open();
      const [ann] = (await scene.follow(scene.ann)) as [Follower];
      const before = ann.replica.snapshot();
      ann.socket.send({ ...(await kind.answers(scene)), request_id: 'ask' });
      ann.replica.apply(await ann.find(type));
      expect(ann.replica.snapshot()).toEqual(before);
      expect(await disagreements([ann])).toEqual([]);
    });
  }
});
