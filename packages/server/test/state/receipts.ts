/** Receipts, and names. */
import type { Follower } from '../support/follower.ts';
import { crowd, read, add, remove, renamed, type Kinds } from './scene.ts';

export const receiptKinds = {
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
      'a name and a picture': async ({ server, ann, bob, cem, group, follow }) => {
        const parent = await ann.say(group.id, 'by her maiden name');
        await bob.say(group.id, 'yes', { reply_to_id: parent.id });
        await follow(bob, cem);
        await renamed(server, ann, 'Ann Married', 'https://example.org/ann.png');
        await bob.say(group.id, 'congratulations');
      },
      'of somebody who was added before they ever signed in': async ({ server, ann, bob, group, follow }) => {
        const id = `newcomer ${group.id}`;
        await add(ann, group, { id });
        await follow(ann, bob);
        const newcomer = await server.person(id);
        await newcomer.say(group.id, 'here I am');
      },
      'of somebody who left this group, and is in another': async ({
        server,
        ann,
        bob,
        cem,
        group,
        follow,
      }) => {
        await ann.group(bob, cem);
        await bob.say(group.id, 'goodbye');
        await remove(bob, group, bob);
        await follow(ann, cem);
        await renamed(server, bob, 'Bob of Old');
      },
    },
  },
} satisfies Kinds;
