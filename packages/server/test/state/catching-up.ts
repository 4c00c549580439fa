/** Catching up. */
import { expect, vi } from 'vitest';
import type { Conversation, Message } from '@parley/protocol';
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
  type Kinds,
  type Scene,
} from './scene.ts';

export const catchUpKinds = {
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
        // A delivered mark may move between the answer and the read; what the answer left out would never come.
        const isEqual = async () => {
          await absent.sync();
          expect(await absent.differences()).toEqual([]);
        };
        await vi.waitFor(isEqual, { timeout: 30_000 });
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
        const back = new AbortController();
        const talk = async () => {
          for (let count = 0; count < 20 || !back.signal.aborted; count++) {
            const message = await ann.say(group.id, `${count}`);
            await Promise.all([read(cem, message), edit(ann, message, `${count}!`)]);
          }
        };
        await Promise.all([talk(), absent.resume().finally(() => back.abort())]);
      },
      'after nothing changed': async ({ ann, bob, follow }) => {
        const [absent] = (await follow(bob, ann)) as [Follower, Follower];
        await absent.disconnect();
        await absent.resume();
      },
    },
  },
} satisfies Kinds;

/** What one can miss while away: something of every kind. */
async function everything(
  scene: Scene,
  [first, second]: readonly Message[],
  other: Conversation,
): Promise<void> {
  const { server, ann, bob, cem, dora, group } = scene;
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
  await renamed(server, dora, 'Dora Renamed');
}
