/** The WebSocket itself: who may open one, what each frame is answered with, and why it is closed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits, type Conversation } from '@parley/protocol';
import { startServer, type Person, type TestServer } from './support/server.ts';
import { tryUpgrade, type TestSocket } from './support/socket.ts';

let server: TestServer;
let ann: Person;
let bob: Person;
let group: Conversation;

beforeAll(async () => {
  server = await startServer({ CORS_ORIGINS: 'https://app.example.com' });
  [ann, bob] = await Promise.all([server.person('ann'), server.person('bob')]);
  group = await ann.group(bob);
});
afterAll(() => server.close());

const address = () => `${server.origin}/api/ws`;
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('connecting', () => {
  test.each(['header', 'query', 'path', 'subprotocol'] as const)('a token by %s opens it', async (dial) => {
    const socket = await ann.connect({ dial });
    expect(socket.frames).toEqual([
      {
        type: 'connected',
        user_id: 'ann',
        connection_id: expect.any(String),
        cursor: expect.stringMatching(/./),
        server_time: expect.any(String),
      },
    ]);
    expect(socket.raw.protocol).toBe(dial === 'subprotocol' ? 'parley' : '');
    await ann.say(group.id, `after ${dial}`);
    expect(await socket.next('new_message')).toMatchObject({ message: { content: `after ${dial}` } });
    socket.close();
    expect(await socket.closed()).toBe(1005);
  });

  test('two connections of one person have different names', async () => {
    const [one, two] = await Promise.all([ann.connect(), ann.connect()]);
    const [first, second] = [one, two].map((socket) => socket.frames[0]);
    expect(first).toMatchObject({ connection_id: expect.any(String) });
    expect(second).not.toMatchObject({ connection_id: first !== undefined && 'connection_id' in first && first.connection_id });
    one.close();
    two.close();
  });

  test('without a good token the upgrade is answered with 401 and why', async () => {
    const expired = await server.token({ sub: 'ann', exp: inSeconds(-60) });
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    for (const [url, headers, code] of [
      [address(), {}, 'token_missing'],
      [`${address()}?token=`, {}, 'token_missing'],
      [address(), { 'sec-websocket-protocol': 'parley' }, 'token_missing'],
      [address(), bearer('nonsense'), 'invalid_token'],
      [`${address()}?token=nonsense`, {}, 'invalid_token'],
      [`${address()}/nonsense`, {}, 'invalid_token'],
      [`${address()}/%zz`, {}, 'invalid_token'],
      [address(), { 'sec-websocket-protocol': 'parley, bearer.nonsense' }, 'invalid_token'],
      [address(), { authorization: `Basic ${ann.bearer}` }, 'invalid_token'],
      [address(), bearer(expired), 'token_expired'],
    ] as const) {
      const answer = await tryUpgrade(url, headers);
      expect({ url, status: answer.status, code: answer.body?.code }).toEqual({ url, status: 401, code });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.body.detail).toEqual(expect.any(String));
    }
  });

  test('a page of a foreign origin is answered with 403, the app’s own and programs connect', async () => {
    const authorization = `Bearer ${ann.bearer}`;
    for (const origin of ['https://evil.example', 'null', 'https://app.example.com.evil.example']) {
      expect(await tryUpgrade(address(), { authorization, origin })).toMatchObject({
        status: 403,
        body: { code: 'origin_not_allowed' },
      });
    }
    for (const origin of ['https://app.example.com', server.origin]) {
      expect((await tryUpgrade(address(), { authorization, origin })).status).toBe(101);
    }
  });

  test('a plain GET is told that this address speaks WebSocket', async () => {
    for (const path of ['/api/ws', `/api/ws/${ann.bearer}`]) {
      const answer = await fetch(`${server.origin}${path}`, { headers: { authorization: `Bearer ${ann.bearer}` } });
      expect([answer.status, answer.headers.get('upgrade')]).toEqual([426, 'websocket']);
      expect(await answer.json()).toMatchObject({ code: 'upgrade_required' });
    }
  });

  test('an upgrade to anything else, such as curl’s to HTTP/2, is answered as the request that it is', async () => {
    const h2c = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect(await tryUpgrade(`${server.origin}/healthz`, h2c)).toMatchObject({ status: 200 });
    const authorization = `Bearer ${ann.bearer}`;
    expect(await tryUpgrade(`${server.origin}/api/conversations`, { ...h2c, authorization })).toMatchObject({
      status: 200,
      body: { page: 1 },
    });
    expect((await tryUpgrade(`${server.origin}/elsewhere`)).status).toBe(404);
  });

  test('the service role may listen, though it is in no conversation', async () => {
    const socket = await server.connect(server.service().bearer);
    socket.send({ type: 'send_message', conversation_id: group.id, content: 'by the system', message_type: 'system', request_id: 'r' });
    expect(await socket.answerTo('r')).toMatchObject({ type: 'message_ack', message: { sender_id: 'system' } });
    socket.close();
  });
});

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
    expect(await ask({ type: 'join_conversation', conversation_id })).toMatchObject({ type: 'joined_conversation', conversation_id });
    expect(await ask({ type: 'leave_conversation', conversation_id })).toMatchObject({ type: 'left_conversation', conversation_id });
    expect(await ask({ type: 'message_read', message_id: message.id })).toMatchObject({ type: 'read_ack', unread_count: 0 });
    expect(await ask({ type: 'refresh_token', token: ann.bearer })).toMatchObject({ type: 'token_refreshed' });
    expect(await ask({ type: 'send_message', conversation_id, content: 'two' })).toMatchObject({ type: 'message_ack', replayed: false });
    expect(await ask({ type: 'join_conversation', conversation_id: 'none' })).toMatchObject({ type: 'error', code: 'conversation_not_found' });
    expect(await ask({ type: 'typing_start', conversation_id: 'none' })).toMatchObject({ type: 'error', code: 'conversation_not_found' });
    expect(await ask({ type: 'message_read', message_id: 'none' })).toMatchObject({ type: 'error', code: 'message_not_found' });
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
    ['a field of another type', '{"type": "typing_start", "conversation_id": 7}', 'validation_failed', ['/conversation_id']],
    ['content too long', JSON.stringify({ type: 'send_message', conversation_id: 'c', content: 'x'.repeat(5001) }), 'validation_failed', ['/content']],
  ])('%s is an error, and the connection stays', async (_name, text, code, paths) => {
    const before = socket.frames.length;
    socket.send(text);
    await socket.settled();
    const [error] = socket.frames.slice(before);
    expect(error).toMatchObject({ type: 'error', code, message: expect.any(String) });
    expect(error !== undefined && 'errors' in error ? error.errors?.map(({ path }) => path) : []).toEqual(paths);
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

describe('tokens', () => {
  test('when it expires the socket closes with 4401', async () => {
    const exp = inSeconds(2);
    const person = await server.person('short', { exp });
    const socket = await person.connect();
    expect(await socket.closed()).toBe(4401);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
  });

  test('a newer token of the same person keeps it open beyond the first', async () => {
    const exp = inSeconds(2);
    const [kept, control] = await Promise.all(
      [0, 1].map(async () => (await server.person('refresher', { exp })).connect()),
    );
    if (kept === undefined || control === undefined) throw new Error('two were opened');
    const until = inSeconds(600);
    const token = await server.token({ sub: 'refresher', exp: until });
    kept.send({ type: 'refresh_token', token, request_id: 'r' });
    expect(await kept.answerTo('r')).toEqual({
      type: 'token_refreshed',
      request_id: 'r',
      expires_at: new Date(until * 1000).toISOString(),
    });
    expect(await control.closed()).toBe(4401);
    await kept.settled();
    kept.close();
  });

  test('another person’s token, an expired one and nonsense are refused, and the connection stays as it was', async () => {
    const socket = await ann.connect();
    for (const [token, code] of [
      [bob.bearer, 'invalid_token'],
      [server.service().bearer, 'invalid_token'],
      [await server.token({ sub: 'ann', exp: inSeconds(-60) }), 'token_expired'],
      ['nonsense', 'invalid_token'],
      ['', 'validation_failed'],
    ]) {
      const id = `refresh-${socket.frames.length}`;
      socket.send({ type: 'refresh_token', token, request_id: id });
      expect(await socket.answerTo(id)).toMatchObject({ type: 'error', code });
    }
    socket.send({ type: 'send_message', conversation_id: group.id, content: 'still me', request_id: 'me' });
    expect(await socket.answerTo('me')).toMatchObject({ message: { sender_id: 'ann' } });
    socket.close();
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
      message: { content: 'an answer 👋', reply_to_content: 'a question', metadata: { emoji: '👋' }, client_id: 'c-1' },
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
    expect(await send(one, 'rest-first', 'x', 'r1')).toEqual({ type: 'message_ack', request_id: 'r1', replayed: true, message: first.body });
    const acked = await send(one, 'socket-first', 'y', 'r2');
    expect(acked).toMatchObject({ replayed: false });
    expect(await send(two, 'socket-first', 'y', 'r3')).toEqual({ ...acked, request_id: 'r3', replayed: true });
    const replayed = await byRest('socket-first', 'y');
    expect([replayed.status, replayed.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect({ message: replayed.body }).toEqual({ message: 'message' in acked ? acked.message : null });
    expect(await send(two, 'rest-first', 'different', 'r4')).toMatchObject({ type: 'error', code: 'idempotency_conflict' });

    await watching.settled();
    expect(watching.frames.filter(({ type }) => type === 'new_message')).toHaveLength(2);
    expect((await ann.get(`/api/conversations/${conversation.id}`)).body.last_seq).toBe(2);
  });

  test('messages of one socket keep the order in which they were sent', async () => {
    const conversation = await ann.group(bob);
    const socket = await ann.connect();
    const count = 100;
    for (let index = 0; index < count; index++) {
      socket.send({ type: 'send_message', conversation_id: conversation.id, content: `${index}`, request_id: `s${index}` });
    }
    const acks = await Promise.all(Array.from({ length: count }, (_, index) => socket.answerTo(`s${index}`)));
    expect(acks.map((ack) => (ack.type === 'message_ack' ? [ack.message.content, ack.message.seq] : ack))).toEqual(
      Array.from({ length: count }, (_, index) => [`${index}`, index + 1]),
    );
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
      from.send({ type: 'send_message', conversation_id: group.id, request_id: code + JSON.stringify(frame).length, ...frame });
      expect(await from.answerTo(code + JSON.stringify(frame).length)).toMatchObject({ type: 'error', code });
    }
  });
});

describe('limits', () => {
  let limited: TestServer;

  beforeAll(async () => {
    limited = await startServer({
      RATE_LIMITS: JSON.stringify({
        websocket_connect: { student: [3, 60], teacher: [4, 60] },
        message_send: { student: [2, 60] },
      }),
    });
  });
  afterAll(() => limited.close());

  test('connecting too often is 429 with the spec’s body and headers; who may connect more often does', async () => {
    const ask = async (token: string) => tryUpgrade(`${limited.origin}/api/ws`, { authorization: `Bearer ${token}` });
    const token = await limited.token({ sub: 'often' });
    const answers = [await ask(token), await ask(token), await ask(token), await ask(token)];
    expect(answers.map(({ status }) => status)).toEqual([101, 101, 101, 429]);
    expect(answers.map(({ headers }) => headers['x-ratelimit-remaining'])).toEqual(['2', '1', '0', '0']);
    const refused = answers[3];
    const reset = Number(refused?.headers['x-ratelimit-reset']);
    const retryAfter = Number(refused?.headers['retry-after']);
    expect(refused?.headers['x-ratelimit-limit']).toBe('3');
    expect(retryAfter).toBeGreaterThan(50);
    expect(refused?.body).toEqual({
      error: 'Rate limit exceeded',
      message: 'Too many websocket_connect requests',
      rate_limit_info: { limit_type: 'websocket_connect', current_count: 4, limit: 3, window: 60, reset_time: reset, remaining: 0 },
      retry_after: retryAfter,
      detail: 'Rate limit exceeded',
      code: 'rate_limited',
    });
    const teacher = await limited.token({ app_metadata: { role: 'teacher' } });
    const more = [await ask(teacher), await ask(teacher), await ask(teacher), await ask(teacher), await ask(teacher)];
    expect(more.map(({ status }) => status)).toEqual([101, 101, 101, 101, 429]);
  });

  test('sends over the socket and over REST count together; an error says when to try again', async () => {
    const person = await limited.person('chatty');
    const conversation = await person.group();
    const socket = await person.connect();
    await person.say(conversation.id, 'one');
    socket.send({ type: 'send_message', conversation_id: conversation.id, content: 'two', request_id: 'r2' });
    expect(await socket.answerTo('r2')).toMatchObject({ type: 'message_ack' });
    socket.send({ type: 'send_message', conversation_id: conversation.id, content: 'three', request_id: 'r3' });
    const refused = await socket.answerTo('r3');
    expect(refused).toMatchObject({ type: 'error', code: 'rate_limited', retry_after: expect.any(Number) });
    expect((await person.post(`/api/conversations/${conversation.id}/messages`, { content: 'four' })).status).toBe(429);
    await socket.settled();
  });
});
