/** Receipts as people with an open app see them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits, type Message } from '@parley/protocol';
import { startServer, type Person, type TestServer } from './support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const people = (count: number): Promise<Person[]> =>
  Promise.all(Array.from({ length: count }, () => server.person()));

async function statusOf(reader: Person, message: Message): Promise<string> {
  const { body } = await reader.get(`/api/conversations/${message.conversation_id}/messages`);
  return body.messages.find(({ id }: Message) => id === message.id).status;
}

test('a message goes from sent to delivered to read while its sender watches', async () => {
  const [ann, bob] = (await people(2)) as [Person, Person];
  const group = await ann.group(bob);
  const annSocket = await ann.connect();
  const message = await ann.say(group.id, 'are you there?');
  expect(message.status).toBe('sent');

  const [bobSocket, bobPhone] = await Promise.all([bob.connect(), bob.connect()]);
  const second = await ann.say(group.id, 'hello?');
  const delivered = { type: 'message_delivered', conversation_id: group.id, user_id: bob.id, last_seq: 2 };
  expect(await annSocket.next('message_delivered')).toEqual(delivered);
  expect(await statusOf(ann, second)).toBe('delivered');

  bobSocket.send({
    type: 'message_read',
    message_id: second.id,
    conversation_id: group.id,
    request_id: 'read',
  });
  const read = { conversation_id: group.id, message_id: second.id, user_id: bob.id, last_seq: 2 };
  expect(await annSocket.next('message_read')).toEqual({ type: 'message_read', ...read });
  expect(await bobSocket.answerTo('read')).toEqual({
    type: 'read_ack',
    request_id: 'read',
    message_id: second.id,
    conversation_id: group.id,
    last_read_seq: 2,
    unread_count: 0,
  });
  // A badge on the other device goes away, too.
  expect(await bobPhone.next('message_read')).toEqual({ type: 'message_read', ...read });
  expect([await statusOf(ann, message), await statusOf(ann, second)]).toEqual(['read', 'read']);
});

test('reading over REST is seen live; reading again, or something older, tells nobody; versions stand still', async () => {
  const [ann, bob] = (await people(2)) as [Person, Person];
  const group = await ann.group(bob);
  const [one, two, three] = [
    await ann.say(group.id, '1'),
    await ann.say(group.id, '2'),
    await ann.say(group.id, '3'),
  ];
  const socket = await ann.connect();
  for (const message of [two, one, two, three]) await bob.post(`/api/messages/${message.id}/read`);
  await socket.settled();
  expect(socket.frames.filter(({ type }) => type === 'message_read')).toMatchObject([
    { message_id: two.id, last_seq: 2 },
    { message_id: three.id, last_seq: 3 },
  ]);
  expect((await ann.get(`/api/conversations/${group.id}`)).body.version).toBe(4);
});

test('a message of another conversation than the one named is an error, and nothing is read', async () => {
  const [ann, bob] = (await people(2)) as [Person, Person];
  const [group, other] = [await ann.group(bob), await ann.group(bob)];
  const message = await ann.say(group.id, 'here');
  const [annSocket, bobSocket] = await Promise.all([ann.connect(), bob.connect()]);
  const read = { type: 'message_read', message_id: message.id };
  for (const conversation_id of [other.id, 'nowhere', message.id]) {
    bobSocket.send({ ...read, conversation_id, request_id: conversation_id });
    expect(await bobSocket.answerTo(conversation_id)).toMatchObject({
      type: 'error',
      code: 'message_not_found',
    });
  }
  expect((await bob.get(`/api/conversations/${group.id}`)).body.unread_count).toBe(1);
  await annSocket.settled();
  expect(annSocket.frames.some(({ type }) => type === 'message_read')).toBe(false);
  bobSocket.send({ ...read, conversation_id: group.id, request_id: 'right' });
  expect(await bobSocket.answerTo('right')).toMatchObject({ type: 'read_ack', unread_count: 0 });
});

test('in a group of more than 200 people deliveries are counted, and told to the receiver’s devices alone', async () => {
  const [ann, bob] = (await people(2)) as [Person, Person];
  const rest = Array.from({ length: limits.receiptAudience - 1 }, (_, index) => ({
    id: `${ann.id}-${index}`,
  }));
  const group = await ann.group(bob, ...rest);
  const [annSocket, bobSocket, bobPhone] = await Promise.all([ann.connect(), bob.connect(), bob.connect()]);
  const message = await ann.say(group.id, 'hello, crowd');
  const frame = { type: 'message_delivered', conversation_id: group.id, user_id: bob.id, last_seq: 1 };
  expect(await bobSocket.next('message_delivered')).toEqual(frame);
  expect(await bobPhone.next('message_delivered')).toEqual(frame);
  expect((await ann.get(`/api/messages/${message.id}/receipts`)).body).toMatchObject({
    delivered_count: 1,
    read_count: 0,
  });
  await annSocket.settled();
  expect(annSocket.frames.some(({ type }) => type === 'message_delivered')).toBe(false);
});

test('a message that nobody else could read is an error on the socket, and no receipt', async () => {
  const [ann, bob, stranger] = (await people(3)) as [Person, Person, Person];
  const message = await ann.say((await ann.group(bob)).id, 'private');
  const [socket, strangers] = await Promise.all([ann.connect(), stranger.connect()]);
  strangers.send({ type: 'message_read', message_id: message.id, request_id: 'r' });
  expect(await strangers.answerTo('r')).toMatchObject({ type: 'error', code: 'not_participant' });
  await socket.settled();
  expect(socket.frames.some(({ type }) => type === 'message_read')).toBe(false);
});

test.each([
  { size: limits.receiptAudience, isTold: true },
  { size: limits.receiptAudience + 1, isTold: false },
])('in a group of $size people receipts reach the others: $isTold', async ({ size, isTold }) => {
  const [ann, bob] = (await people(2)) as [Person, Person];
  const rest = Array.from({ length: size - 2 }, (_, index) => ({ id: `${ann.id}-${index}` }));
  const group = await ann.group(bob, ...rest);
  expect(group.participant_count).toBe(size);
  const [annSocket, bobSocket, bobPhone] = await Promise.all([ann.connect(), bob.connect(), bob.connect()]);
  // In this small one a receipt follows that of the large one, if there is one.
  const small = await ann.group(bob);

  const message = await ann.say(group.id, 'hello, crowd');
  const marker = await ann.say(small.id, 'hello, bob');
  await annSocket.next('message_delivered', ({ conversation_id }) => conversation_id === small.id);
  await bob.post(`/api/messages/${message.id}/read`);
  await bob.post(`/api/messages/${marker.id}/read`);
  for (const socket of [bobSocket, bobPhone]) {
    expect(await socket.next('message_read')).toMatchObject({
      message_id: message.id,
      user_id: bob.id,
      last_seq: 1,
    });
  }
  await annSocket.next('message_read', ({ conversation_id }) => conversation_id === small.id);
  const receipts = annSocket.frames.flatMap((frame) =>
    (frame.type === 'message_read' || frame.type === 'message_delivered') &&
    frame.conversation_id === group.id
      ? [frame.type]
      : [],
  );
  expect(receipts.toSorted()).toEqual(isTold ? ['message_delivered', 'message_read'] : []);
  expect(await statusOf(ann, message)).toBe('sent');
  // Whoever wants to know asks.
  expect((await ann.get(`/api/messages/${message.id}/receipts`)).body).toMatchObject({
    read_count: 1,
    total: size - 1,
  });
});
