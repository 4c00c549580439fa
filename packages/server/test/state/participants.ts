/** Who is in a conversation, and as what. */
import { crowd, erase, read, add, remove, change, type Kinds } from './scene.ts';

export const participantKinds = {
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
} satisfies Kinds;
