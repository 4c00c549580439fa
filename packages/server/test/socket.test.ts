/** What each frame is answered with, and which of them end the connection. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits, type Conversation } from '@parley/protocol';
import { startServer, type Person, type TestServer } from './support/server.ts';
import type { TestSocket } from './support/socket.ts';

let server: TestServer;
let ann: Person;
let bob: Person;
let group: Conversation;

beforeAll(async () => {
  server = await startServer();
  [ann, bob] = await Promise.all([server.person('ann'), server.person('bob')]);
  group = await ann.group(bob);
});
afterAll(() => server.close());

describe('frames', () => {
  let socket: TestSocket;
  let asked = 0;

  beforeAll(async () => {
    socket = await ann.connect();
  });

  /** The answer to a frame, found by its `request_id`. */
  const ask = (frame: object) => {
    const id = `ask-${asked++}`;
    socket.send({ ...frame, request_id: id });
    return socket.answerTo(id);
  };

  test('every answer, ack and error repeats the request_id', async () => {
    const conversation_id = group.id;
    const message = await ann.say(conversation_id, 'one');
    expect(await ask({ type: 'ping' })).toMatchObject({ type: 'pong', server_time: expect.any(String) });
    expect(await ask({ type: 'join_conversation', conversation_id })).toMatchObject({
      type: 'joined_conversation',
      conversation_id,
    });
    expect(await ask({ type: 'leave_conversation', conversation_id })).toMatchObject({
      type: 'left_conversation',
      conversation_id,
    });
    expect(await ask({ type: 'message_read', message_id: message.id })).toMatchObject({
      type: 'read_ack',
      unread_count: 0,
    });
    expect(await ask({ type: 'refresh_token', token: ann.bearer })).toMatchObject({
      type: 'token_refreshed',
    });
    expect(await ask({ type: 'send_message', conversation_id, content: 'two' })).toMatchObject({
      type: 'message_ack',
      replayed: false,
    });
    expect(await ask({ type: 'join_conversation', conversation_id: 'none' })).toMatchObject({
      type: 'error',
      code: 'conversation_not_found',
    });
    expect(await ask({ type: 'typing_start', conversation_id: 'none' })).toMatchObject({
      type: 'error',
      code: 'conversation_not_found',
    });
    expect(await ask({ type: 'message_read', message_id: 'none' })).toMatchObject({
      type: 'error',
      code: 'message_not_found',
    });
  });

  test.each([
    ['no JSON', '{"type": "ping"', 'malformed_body', []],
    ['a list', '[]', 'malformed_body', []],
    ['null', 'null', 'malformed_body', []],
    ['nothing', '', 'malformed_body', []],
    ['an object without a type', '{}', 'validation_failed', ['/type']],
    ['a type that there is not', '{"type": "shout"}', 'validation_failed', ['/type']],
    ['a type of the server’s', '{"type": "new_message"}', 'validation_failed', ['/type']],
    ['a name from Object’s prototype', '{"type": "constructor"}', 'validation_failed', ['/type']],
    ['a field missing', '{"type": "join_conversation"}', 'validation_failed', ['/conversation_id']],
    [
      'a field of another type',
      '{"type": "typing_start", "conversation_id": 7}',
      'validation_failed',
      ['/conversation_id'],
    ],
    [
      'content too long',
      JSON.stringify({ type: 'send_message', conversation_id: 'c', content: 'x'.repeat(5001) }),
      'validation_failed',
      ['/content'],
    ],
  ])('%s is an error, and the connection stays', async (_name, text, code, paths) => {
    const before = socket.frames.length;
    socket.send(text);
    await socket.settled();
    const [error] = socket.frames.slice(before);
    expect(error).toMatchObject({ type: 'error', code, message: expect.any(String) });
    expect(error !== undefined && 'errors' in error ? error.errors?.map(({ path }) => path) : []).toEqual(
      paths,
    );
  });

  test('the spec’s own sentence answers what cannot be read', async () => {
    socket.send('nonsense');
    const error = await socket.find((frame) => frame.type === 'error' && frame.code === 'malformed_body');
    expect(error).toMatchObject({ message: 'Invalid message format' });
  });

  test('a binary frame is an error, and the connection stays', async () => {
    const other = await ann.connect();
    other.raw.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect(await other.next('error')).toMatchObject({ code: 'malformed_body' });
    await other.settled();
    other.close();
  });

  test('a frame over 64 KiB closes with 1009; one of just that size is read', async () => {
    const other = await ann.connect();
    const frame = { type: 'ping', request_id: 'large', padding: '' };
    const padding = 'x'.repeat(limits.bodyBytes - JSON.stringify(frame).length);
    other.send({ ...frame, padding });
    expect(await other.answerTo('large')).toMatchObject({ type: 'pong' });
    other.send({ ...frame, padding: `${padding}x` });
    expect(await other.closed()).toBe(1009);
  });

  test('a flood of frames closes with 4429', async () => {
    const other = await ann.connect();
    for (let count = 0; count < 1000; count++) other.send({ type: 'ping' });
    expect(await other.closed()).toBe(4429);
    // The person is not shut out.
    (await ann.connect()).close();
  });
});

describe('sending', () => {
  test('the ack holds the message as everybody sees it, and follows once it is durable', async () => {
    const [socket, other] = await Promise.all([ann.connect(), bob.connect()]);
    const parent = await bob.say(group.id, 'a question');
    socket.send({
      type: 'send_message',
      conversation_id: group.id,
      content: 'an answer 👋',
      message_type: 'text',
      reply_to_id: parent.id,
      metadata: { emoji: '👋' },
      client_id: 'c-1',
      request_id: 'r',
    });
    const ack = await socket.answerTo('r');
    if (ack.type !== 'message_ack') throw new Error(`it was answered by ${ack.type}`);
    expect(ack).toMatchObject({
      replayed: false,
      message: {
        content: 'an answer 👋',
        reply_to_content: 'a question',
        metadata: { emoji: '👋' },
        client_id: 'c-1',
      },
    });
    const isIt = ({ message }: { message: { id: string } }) => message.id === ack.message.id;
    expect((await other.next('new_message', isIt)).message).toEqual(ack.message);
    // The sending connection gets the event, too.
    expect((await socket.next('new_message', isIt)).message).toEqual(ack.message);
    const { body } = await bob.get(`/api/conversations/${group.id}/messages?limit=1`);
    expect(body.messages).toMatchObject([{ ...ack.message, status: expect.any(String) }]);
  });

  test('a retry is one message, whether it comes by REST, by the same socket or by another', async () => {
    const conversation = await ann.group(bob);
    const [one, two, watching] = await Promise.all([ann.connect(), ann.connect(), bob.connect()]);
    const send = (socket: TestSocket, client_id: string, content: string, request_id: string) => {
      socket.send({ type: 'send_message', conversation_id: conversation.id, client_id, content, request_id });
      return socket.answerTo(request_id);
    };
    const byRest = (client_id: string, content: string) =>
      ann.post(`/api/conversations/${conversation.id}/messages`, { client_id, content });

    const first = await byRest('rest-first', 'x');
    expect(await send(one, 'rest-first', 'x', 'r1')).toEqual({
      type: 'message_ack',
      request_id: 'r1',
      replayed: true,
      message: first.body,
    });
    const acked = await send(one, 'socket-first', 'y', 'r2');
    expect(acked).toMatchObject({ replayed: false });
    expect(await send(two, 'socket-first', 'y', 'r3')).toEqual({
      ...acked,
      request_id: 'r3',
      replayed: true,
    });
    const replayed = await byRest('socket-first', 'y');
    expect([replayed.status, replayed.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect({ message: replayed.body }).toEqual({ message: 'message' in acked ? acked.message : null });
    expect(await send(two, 'rest-first', 'different', 'r4')).toMatchObject({
      type: 'error',
      code: 'idempotency_conflict',
    });

    await watching.settled();
    expect(watching.frames.filter(({ type }) => type === 'new_message')).toHaveLength(2);
    expect((await ann.get(`/api/conversations/${conversation.id}`)).body.last_seq).toBe(2);
  });

  test('messages of one socket keep the order in which they were sent', async () => {
    const conversation = await ann.group(bob);
    const socket = await ann.connect();
    const count = 100;
    for (let index = 0; index < count; index++) {
      socket.send({
        type: 'send_message',
        conversation_id: conversation.id,
        content: `${index}`,
        request_id: `s${index}`,
      });
    }
    const acks = await Promise.all(Array.from({ length: count }, (_, index) => socket.answerTo(`s${index}`)));
    expect(
      acks.map((ack) => (ack.type === 'message_ack' ? [ack.message.content, ack.message.seq] : ack)),
    ).toEqual(Array.from({ length: count }, (_, index) => [`${index}`, index + 1]));
  });

  test('what REST refuses the socket refuses with the same code', async () => {
    const stranger = await (await server.person()).connect();
    const socket = await ann.connect();
    for (const [from, frame, code] of [
      [stranger, { content: 'let me in' }, 'not_participant'],
      [socket, { content: 'x', message_type: 'system' }, 'system_only'],
      [socket, { content: 'x', reply_to_id: 'none' }, 'reply_not_found'],
      [socket, { content: '' }, 'validation_failed'],
      [socket, { content: 'x', metadata: { attachment: {} } }, 'validation_failed'],
      [socket, { content: 'x', conversation_id: 'none' }, 'conversation_not_found'],
    ] as const) {
      from.send({
        type: 'send_message',
        conversation_id: group.id,
        request_id: code + JSON.stringify(frame).length,
        ...frame,
      });
      expect(await from.answerTo(code + JSON.stringify(frame).length)).toMatchObject({ type: 'error', code });
    }
    expect(socket.frames).toContainEqual(
      expect.objectContaining({
        code: 'reply_not_found',
        errors: [{ path: '/reply_to_id', message: 'is not a message of this conversation' }],
      }),
    );
  });

  test('sends over the socket and over REST count together; an error says when to try again', async () => {
    const limited = await startServer({ RATE_LIMITS: '{"message_send": {"student": [2, 60]}}' });
    const person = await limited.person('chatty');
    const conversation = await person.group();
    const socket = await person.connect();
    await person.say(conversation.id, 'one');
    socket.send({ type: 'send_message', conversation_id: conversation.id, content: 'two', request_id: 'r2' });
    expect(await socket.answerTo('r2')).toMatchObject({ type: 'message_ack' });
    socket.send({
      type: 'send_message',
      conversation_id: conversation.id,
      content: 'three',
      request_id: 'r3',
    });
    const refused = await socket.answerTo('r3');
    expect(refused).toMatchObject({ type: 'error', code: 'rate_limited', retry_after: expect.any(Number) });
    expect(
      (await person.post(`/api/conversations/${conversation.id}/messages`, { content: 'four' })).status,
    ).toBe(429);
    await socket.settled();
    await limited.close();
  });
});
