import { once } from 'node:events';
import type { Message, ServerFrame, SyncAnswer } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BusEvent, SentMessage } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import { Client, Harness, limitsWith } from '../../test/support/web-socket-server.ts';

// Only the timer that sweeps, and the time that it goes by, are of the test: sockets are real.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + skew);
});

let harness: Harness;
/** Milliseconds that the test let pass, and those by which the time of day is wrong. */
let skew = 0;
let wrongBy = 0;
afterEach(() => {
  harness.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function start(
  useCases: ConstructorParameters<typeof Harness>[0] = {},
  { deps, ...options }: NonNullable<ConstructorParameters<typeof Harness>[1]> = {},
): Promise<void> {
  [skew, wrongBy] = [0, 0];
  const clock = { now: () => Date.now() + skew + wrongBy };
  harness = await new Harness(useCases, { ...options, deps: { clock, ...deps } }).listen();
}

/** Lets this many seconds pass for the server, and everything happen that they bring. */
async function pass(seconds: number): Promise<void> {
  skew += seconds * 1000;
  vi.advanceTimersByTime(1000);
  await new Promise(setImmediate);
}

const sent = (content: string): SentMessage => ({
  message: { id: content, content, message_type: 'text' } as Message,
  replayed: false,
});

const message = (seq: number, senderId = 'bob'): BusEvent => ({
  audience: { kind: 'conversation', conversationId: 'c' },
  frame: {
    type: 'new_message',
    conversation_id: 'c',
    version: seq,
    message: {
      seq,
      sender_id: senderId,
      content: 'x'.repeat(1000),
      created_at: new Date().toISOString(),
    } as Message,
  },
});

test('a frame that is wrong is answered by an error, and the connection stays', async () => {
  await start();
  const client = await harness.connect('ann');
  client.send('{"type":');
  expect(await client.first('error')).toEqual({
    type: 'error',
    message: 'Invalid message format',
    code: 'malformed_body',
  });
  for (const frame of ['[]', 'null', '"ping"', Buffer.from('{"type":"ping"}')]) client.send(frame);
  await client.ask({ type: 'ping' });
  expect(client.frames.filter(({ type }) => type === 'error')).toHaveLength(5);
  expect(await client.ask({ type: 'connected' })).toMatchObject({
    code: 'validation_failed',
    errors: [{ path: '/type' }],
  });
  expect(await client.ask({ type: 'toString' })).toMatchObject({ code: 'validation_failed' });
  expect(await client.ask({ type: 'join_conversation' })).toMatchObject({
    code: 'validation_failed',
    errors: [{ path: '/conversation_id' }],
  });
  expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
});

test('what cannot be stored is refused before it gets there', async () => {
  await start();
  const client = await harness.connect('ann');
  const send = (fields: object) =>
    client.ask({ type: 'send_message', conversation_id: 'c', content: 'hello', ...fields });
  for (const fields of [
    { content: '' },
    { content: 'x'.repeat(5001) },
    { content: 'nul \0' },
    { content: 'half a pair \ud800' },
    { metadata: { text: 'x'.repeat(8200) } },
    { metadata: [] },
    { message_type: 'video' },
    { client_id: '' },
  ]) {
    expect(await send(fields)).toMatchObject({ type: 'error', code: 'validation_failed' });
  }
});

test('metadata that is nested beyond measure is an error of the client, not a fault of ours', async () => {
  await start();
  const client = await harness.connect('ann');
  const depth = 30_000;
  const nested = '['.repeat(depth) + ']'.repeat(depth);
  client.send(
    `{"type":"send_message","request_id":"deep","conversation_id":"c","content":"x","metadata":{"a":${nested}}}`,
  );
  expect(await client.first('error')).toMatchObject({ code: 'validation_failed', request_id: 'deep' });
  expect(harness.logged).toEqual([]);
});

test('a frame over 64 KiB closes with 1009, one of 64 KiB does not', async () => {
  await start();
  const client = await harness.connect('ann');
  const frame = '{"type":"ping"}';
  client.send(frame.padEnd(64 * 1024));
  await client.first('pong');
  client.send(frame.padEnd(64 * 1024 + 1));
  expect(await client.closed).toBe(1009);
});

test('a flood is closed with 4429, what a person does is not', async () => {
  await start();
  const client = await harness.connect('ann');
  const pongs = () => client.frames.filter(({ type }) => type === 'pong').length;
  for (let index = 0; index < 200; index++) client.send({ type: 'ping' });
  await vi.waitUntil(() => pongs() === 200);
  skew += 1000;
  for (let index = 0; index < 50; index++) client.send({ type: 'ping' });
  await vi.waitUntil(() => pongs() === 250);
  // Pings of the protocol count, too.
  for (let index = 0; index < 200; index++) client.socket.ping();
  expect(await client.closed).toBe(4429);
  await vi.waitUntil(() => harness.server.connectionCount === 0);
  expect(harness.closes).toEqual([4429]);
});

test('messages that are sent without waiting begin in their order, however the limiter answers', async () => {
  const begun: string[] = [];
  let asked = 0;
  await start(
    { messages: { send: async (_actor, _id, { content }) => (begun.push(content), sent(content)) } },
    {
      deps: {
        limiter: {
          consume: (type) =>
            type === 'message_send'
              ? new Promise((resolve) => setTimeout(() => resolve(null), 30 - 10 * asked++))
              : Promise.resolve(null),
        },
      },
    },
  );
  const client = await harness.connect('ann');
  const acks = ['one', 'two', 'three'].map((content) =>
    client.ask({ type: 'send_message', conversation_id: 'c', content }),
  );
  expect(await Promise.all(acks)).toMatchObject([
    { type: 'message_ack', message: { content: 'one' }, replayed: false },
    { message: { content: 'two' } },
    { message: { content: 'three' } },
  ]);
  expect(begun).toEqual(['one', 'two', 'three']);
});

test('a slow send does not hold the next one back', async () => {
  const { promise, resolve } = Promise.withResolvers<SentMessage>();
  await start({
    messages: { send: async (_actor, _id, { content }) => (content === 'slow' ? promise : sent(content)) },
  });
  const client = await harness.connect('ann');
  const slow = client.ask({ type: 'send_message', conversation_id: 'c', content: 'slow' });
  expect(await client.ask({ type: 'send_message', conversation_id: 'c', content: 'quick' })).toMatchObject({
    type: 'message_ack',
  });
  resolve(sent('slow'));
  expect(await slow).toMatchObject({ message: { content: 'slow' } });
});

test('sends count under their limit, and say when to come back', async () => {
  await start(
    { messages: { send: async (_actor, _id, { content }) => sent(content) } },
    { limits: limitsWith('message_send', 1) },
  );
  const client = await harness.connect('ann');
  const send = () => client.ask({ type: 'send_message', conversation_id: 'c', content: 'x' });
  expect(await send()).toMatchObject({ type: 'message_ack' });
  expect(await send()).toMatchObject({
    type: 'error',
    code: 'rate_limited',
    retry_after: expect.any(Number),
  });
});

test('while many commands are under way no more are read, and in the end all are answered', async () => {
  const gate = Promise.withResolvers<void>();
  let begun = 0;
  await start({
    receipts: {
      markRead: async (_actor, messageId) => {
        begun++;
        await gate.promise;
        return { message_id: messageId, conversation_id: 'c', last_read_seq: 1, unread_count: 0 };
      },
    },
  });
  const client = await harness.connect('ann');
  const padding = 'x'.repeat(20_000);
  const answers = Array.from({ length: 150 }, () =>
    client.ask({ type: 'message_read', message_id: 'm', padding }),
  );
  await vi.waitUntil(() => begun >= 64);
  // A client in another turn: what was going to be read has been by the time it is answered.
  await (await harness.connect('bob')).ask({ type: 'ping' });
  expect(begun).toBeLessThan(80);
  gate.resolve();
  expect(await Promise.all(answers)).toHaveLength(150);
});

test('joining, typing and leaving take effect in their order', async () => {
  const seen: string[] = [];
  await start({
    conversations: {
      access: async (_actor, id) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        seen.push(`join ${id}`);
        return { conversationId: id, type: 'group', lastSeq: 0, participantCount: 3, membership: null };
      },
    },
    presence: { typing: async (_actor, id, on) => void seen.push(`${on ? 'type' : 'stop'} ${id}`) },
  });
  const client = await harness.connect('ann');
  const joined = client.ask({ type: 'join_conversation', conversation_id: 'c' });
  client.send({ type: 'typing_start', conversation_id: 'c' });
  client.send({ type: 'typing_stop', conversation_id: 'c' });
  const left = client.ask({ type: 'leave_conversation', conversation_id: 'c' });
  expect([await joined, await left]).toMatchObject([
    { type: 'joined_conversation' },
    { type: 'left_conversation' },
  ]);
  expect(seen).toEqual(['join c', 'type c', 'stop c']);
  harness.publish({
    audience: { kind: 'conversation', conversationId: 'c', joinedOnly: true },
    frame: { type: 'typing_start', conversation_id: 'c', user_id: 'bob' },
  });
  await client.ask({ type: 'ping' });
  expect(client.frames.map(({ type }) => type)).not.toContain('typing_start');
});

test('a refusal of a use case is told by its code; a fault of ours by no more than that', async () => {
  await start({
    conversations: { access: () => Promise.reject(new Refusal('not_participant')) },
    receipts: { markRead: () => Promise.reject(new Error('relation "secrets" does not exist')) },
  });
  const client = await harness.connect('ann');
  expect(await client.ask({ type: 'join_conversation', conversation_id: 'c' })).toMatchObject({
    code: 'not_participant',
  });
  expect(await client.ask({ type: 'message_read', message_id: 'm' })).toMatchObject({
    code: 'internal',
    message: 'Something went wrong on our side',
  });
  expect(harness.logged).toHaveLength(1);
});

test('nothing comes before the first frame, and what happens meanwhile comes after it', async () => {
  let attached: () => void = () => undefined;
  await start(
    {},
    {
      deps: {
        hub: {
          attach: (listener) => {
            const frame: ServerFrame = { type: 'typing_start', conversation_id: 'c', user_id: 'bob' };
            void import('./frame.ts').then(({ prepare }) => listener.deliver(prepare(frame)));
            return new Promise((resolve) => (attached = () => resolve('9')));
          },
          detach: () => undefined,
          join: () => undefined,
          leave: () => undefined,
        },
      },
    },
  );
  const client = new Client(harness.dial(`/api/ws/${await harness.token('ann')}`));
  await vi.waitUntil(() => harness.server.connectionCount === 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(client.frames).toEqual([]);
  attached();
  await once(client.socket, 'open');
  await client.ask({ type: 'ping' });
  expect(client.frames.map(({ type }) => type)).toEqual(['connected', 'typing_start', 'pong']);
});

test('a token that runs out ends the connection with 4401, a newer one of the same person keeps it', async () => {
  await start();
  const [ann, bob] = [await harness.connect('ann', 60), await harness.connect('bob', 60)];
  const token = await harness.token('ann', 600);
  expect(await ann.ask({ type: 'refresh_token', token })).toMatchObject({ type: 'token_refreshed' });
  expect(await bob.ask({ type: 'refresh_token', token })).toMatchObject({ code: 'invalid_token' });
  expect(await bob.ask({ type: 'refresh_token', token: 'nonsense' })).toMatchObject({
    code: 'invalid_token',
  });
  await pass(58);
  expect(await bob.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  await pass(3);
  expect(await bob.closed).toBe(4401);
  expect(await ann.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
});

test('who answers no ping is given up with 4408, who does is kept', async () => {
  await start();
  const alive = await harness.connect('ann');
  const dead = new Client(harness.dial(`/api/ws/${await harness.token('bob')}`, [], { autoPong: false }));
  await dead.first('connected');
  for (let beat = 0; beat < 3; beat++) {
    const ping = once(alive.socket, 'ping');
    await pass(26);
    await ping;
    await alive.ask({ type: 'ping' });
  }
  expect(await dead.closed).toBe(4408);
  expect(alive.socket.readyState).toBe(alive.socket.OPEN);
});

test('who does not even answer the close is cut off', async () => {
  await start();
  const client = await harness.connect('ann');
  client.socket.pause();
  for (let beat = 0; beat < 3; beat++) await pass(26);
  expect(harness.server.connectionCount).toBe(1);
  await pass(4);
  await vi.waitUntil(() => harness.server.connectionCount === 0);
  expect(harness.closes).toEqual([4408]);
  expect(harness.ended).toEqual(['ann']);
  client.socket.terminate();
});

test('a message is delivered once the socket has answered for it, and not when it was merely written', async () => {
  await start();
  const ann = await harness.connect('ann');
  const halfOpen = new Client(harness.dial(`/api/ws/${await harness.token('cem')}`, [], { autoPong: false }));
  await halfOpen.first('connected');
  for (const seq of [1, 2, 3]) harness.publish(message(seq));
  await ann.first('new_message', ({ version }) => version === 3);
  expect(harness.delivered).toEqual([]);
  const ping = once(ann.socket, 'ping');
  await pass(1);
  await ping;
  await ann.ask({ type: 'ping' });
  expect(harness.delivered).toEqual([{ conversationId: 'c', userId: 'ann', lastSeq: 3 }]);
});

test('pongs that answer no ping of ours prove nothing', async () => {
  await start();
  const client = new Client(harness.dial(`/api/ws/${await harness.token('ann')}`, [], { autoPong: false }));
  await client.first('connected');
  harness.publish(message(1));
  await pass(1);
  for (const payload of ['', 'x', '0', '99', 'Infinity']) client.socket.pong(payload);
  await client.ask({ type: 'ping' });
  expect(harness.delivered).toEqual([]);
});

test('a reader who does not read is closed with 4409, delays nobody, and is soon gone', async () => {
  await start();
  const [slow, quick] = [await harness.connect('ann'), await harness.connect('bob')];
  slow.socket.pause();
  for (let seq = 1; seq <= 12_000; seq++) {
    harness.publish(message(seq));
    // In bursts of a tick each: a reader who reads is given the time to.
    if (seq % 200 === 0) await quick.first('new_message', ({ version }) => version === seq);
  }
  expect(quick.frames.filter(({ type }) => type === 'new_message')).toHaveLength(12_000);
  await pass(4);
  await vi.waitUntil(() => harness.server.connectionCount === 1);
  expect(harness.closes).toEqual([4409]);
  slow.socket.terminate();
});

test('a clock that is set back by an hour ends no heartbeat: who is gone is found out all the same', async () => {
  await start();
  const dead = new Client(harness.dial(`/api/ws/${await harness.token('bob')}`, [], { autoPong: false }));
  await dead.first('connected');
  wrongBy = -3_600_000;
  for (let beat = 0; beat < 3; beat++) await pass(26);
  expect(await dead.closed).toBe(4408);
});

const pageOf = (has_more: boolean, content = ''): SyncAnswer => ({
  cursor: content,
  has_more,
  reset: false,
  conversations: [],
  removed: [],
  users: [],
});

test('of catch-ups one is under way and one waits; a further one is refused at once', async () => {
  const gate = Promise.withResolvers<SyncAnswer>();
  let pages = 0;
  await start({ catchUp: { page: () => (pages++, gate.promise) } });
  const client = await harness.connect('ann');
  const [one, two, ...refused] = Array.from({ length: 64 }, () =>
    client.ask({ type: 'resume', cursor: 'c' }),
  );
  for (const answer of await Promise.all(refused))
    expect(answer).toMatchObject({ type: 'error', code: 'rate_limited', retry_after: 1 });
  expect(pages).toBe(1);
  gate.resolve(pageOf(false));
  expect(await Promise.all([one, two])).toMatchObject([{ type: 'sync' }, { type: 'sync' }]);
  expect(pages).toBe(2);
  expect(await client.ask({ type: 'resume', cursor: 'c' })).toMatchObject({ type: 'sync' });
});

test('who takes no page for 30 s is closed with 4409, and no more is read for them', async () => {
  let pages = 0;
  await start({ catchUp: { page: async () => (pages++, pageOf(true, 'x'.repeat(20_000_000))) } });
  const client = await harness.connect('ann');
  client.send({ type: 'resume', cursor: 'c' });
  client.send({ type: 'resume', cursor: 'c' });
  client.socket.pause();
  await vi.waitUntil(() => pages === 1);
  await pass(29);
  expect(harness.server.connectionCount).toBe(1);
  await pass(2);
  await pass(4);
  await vi.waitUntil(() => harness.server.connectionCount === 0);
  expect(harness.closes).toEqual([4409]);
  expect(pages).toBe(1);
  client.socket.terminate();
});

test('a catch-up ends with its socket: nobody reads the pages of who is gone', async () => {
  const gates: PromiseWithResolvers<SyncAnswer>[] = [];
  await start({
    catchUp: {
      page: () => {
        const gate = Promise.withResolvers<SyncAnswer>();
        gates.push(gate);
        return gate.promise;
      },
    },
  });
  const client = await harness.connect('ann');
  client.send({ type: 'resume', cursor: 'c' });
  client.send({ type: 'resume', cursor: 'c' });
  await vi.waitUntil(() => gates.length === 1);
  client.socket.terminate();
  await vi.waitUntil(() => harness.server.connectionCount === 0);
  gates[0]?.resolve(pageOf(true));
  await new Promise(setImmediate);
  expect(gates).toHaveLength(1);
});

test('a catch-up that fails after events were let go ends the connection by 4409, and they count as no delivery', async () => {
  const gate = Promise.withResolvers<SyncAnswer>();
  await start({ catchUp: { page: () => gate.promise } });
  const client = await harness.connect('ann');
  const answer = client.ask({ type: 'resume', cursor: 'c' });
  await client.ask({ type: 'ping' });
  for (let seq = 1; seq <= 1000; seq++) harness.publish(message(seq));
  gate.reject(new Refusal('unavailable', { retryAfter: 1 }));
  expect(await answer).toMatchObject({ type: 'error', code: 'unavailable' });
  expect(await client.closed).toBe(4409);
  expect(client.frames.filter(({ type }) => type === 'new_message')).toEqual([]);
  expect(harness.delivered).toEqual([]);
});

test('a catch-up that fails while all events could wait goes on with them', async () => {
  const gate = Promise.withResolvers<SyncAnswer>();
  await start({ catchUp: { page: () => gate.promise } });
  const client = await harness.connect('ann');
  const answer = client.ask({ type: 'resume', cursor: 'c' });
  await client.ask({ type: 'ping' });
  harness.publish(message(1));
  gate.reject(new Refusal('unavailable', { retryAfter: 1 }));
  expect(await answer).toMatchObject({ type: 'error', code: 'unavailable' });
  expect(await client.first('new_message')).toMatchObject({ version: 1 });
});
