/** Conversations. */
import { expect } from 'vitest';
import type { Conversation } from '@parley/protocol';
import type { Person } from '../support/server.ts';
import { crowd, ok, path, remove, update, type Kinds } from './scene.ts';

export const conversationKinds = {
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
      'by the service role, which is nobody in it': async ({ server, ann, bob, follow }) => {
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
} satisfies Kinds;
