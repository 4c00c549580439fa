/**
 * What each event means: state before + event = a fresh read, field by field, for every kind of event and everybody who
 * is told. Without it a client shows something else than after a reload.
 */
import { snapshotOf } from '@parley/client/replica';
import { serverFrames, type ServerFrame } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catchUpKinds } from './state/catching-up.ts';
import { conversationKinds } from './state/conversations.ts';
import { messageKinds } from './state/messages.ts';
import { participantKinds } from './state/participants.ts';
import { passingKinds } from './state/passing.ts';
import { receiptKinds } from './state/receipts.ts';
import { ok, openScene, type Kind } from './state/scene.ts';
import { disagreements, type Follower } from './support/follower.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const kinds: { readonly [K in ServerFrame['type']]: Kind } = {
  ...messageKinds,
  ...conversationKinds,
  ...participantKinds,
  ...receiptKinds,
  ...catchUpKinds,
  ...passingKinds,
};

test('every kind of event is here', () => {
  expect(Object.keys(kinds).toSorted()).toEqual(Object.keys(serverFrames).toSorted());
});

const types = Object.keys(kinds) as ServerFrame['type'][];

describe.each(types)('%s', (type) => {
  const kind = kinds[type];

  if ('durable' in kind) {
    expect(Object.keys(kind.durable)).not.toEqual([]);
    test.each(Object.entries(kind.durable))('%s', async (_, run) => {
      const scene = await openScene(server);
      const { followers } = scene;
      const isTold = () => followers.some((each) => each.hasTaken(type));
      await run(scene);
      expect(await disagreements(followers, isTold)).toEqual([]);
      expect(isTold()).toBe(true);
      for (const each of followers) each.hearAgain();
      expect(await disagreements(followers)).toEqual([]);
    });
  }

  if ('ephemeral' in kind) {
    test('tells what GET /users/status answers', async () => {
      const scene = await openScene(server);
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
      const scene = await openScene(server);
      const [ann] = (await scene.follow(scene.ann)) as [Follower];
      const before = snapshotOf(ann.replica);
      ann.socket.send({ ...(await kind.answers(scene)), request_id: 'ask' });
      ann.replica.apply(await ann.find(type));
      expect(snapshotOf(ann.replica)).toEqual(before);
      expect(await disagreements([ann])).toEqual([]);
    });
  }
});
