/** Messages. */
import type { Follower } from '../support/follower.ts';
import {
  path,
  ok,
  edit,
  erase,
  read,
  add,
  remove,
  change,
  update,
  renamed,
  upload,
  crowd,
  long,
  type Kinds,
} from './scene.ts';

export const messageKinds = {
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
      'a system message': async ({ server, ann, bob, group, follow }) => {
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
      'by somebody whose token has an older name of theirs': async ({ server, ann, bob, group, follow }) => {
        const older = ann;
        await follow(ann, bob);
        await renamed(server, ann, 'Ann the Second');
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
} satisfies Kinds;
