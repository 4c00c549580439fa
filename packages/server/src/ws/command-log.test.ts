/** What an operator finds in the log of what happened on WebSockets, and what must never be there. */
import type { Message } from '@parley/protocol';
import { afterEach, expect, test } from 'vitest';
import { Refusal } from '../messaging/refusal.ts';
import { createLogger } from '../telemetry/logs.ts';
import { Harness, limitsWith } from '../../test/support/web-socket-server.ts';

const conversation = '0197f3a2-6c41-7d1e-9a55-3b0c4f2de871';
const message = '0197f3a2-6c41-7d1e-9a55-3b0c4f2de872';

let harness: Harness;
afterEach(() => harness.close());

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

interface Logged {
  readonly raw: () => string;
  /** The lines of this kind, without when, and what differs from run to run. */
  readonly lines: (msg: string) => Line[];
}

async function start(
  level: 'debug' | 'info' | 'warn',
  limits: ConstructorParameters<typeof Harness>[1] = {},
): Promise<Logged> {
  let raw = '';
  const log = createLogger(level, { write: (line: string) => void (raw += line) });
  const sent = { id: message, conversation_id: conversation, message_type: 'text' } as Message;
  harness = await new Harness(
    {
      messages: {
        send: async (_actor, _id, { content }) => ({ message: { ...sent, content }, replayed: false }),
      },
      receipts: {
        markRead: async (_actor, id) => {
          if (id !== message) throw new Refusal('message_not_found');
          return { message_id: id, conversation_id: conversation, last_read_seq: 1, unread_count: 0 };
        },
      },
      conversations: { access: () => Promise.reject(new Error('relation is missing')) },
      presence: { typing: async () => undefined },
    },
    { ...limits, deps: { log } },
  ).listen();
  const lines = (): Line[] =>
    raw.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
  return { raw: () => raw, lines: (msg) => lines().filter((line) => line.msg === msg) };
}

const facts = { time: expect.any(String), connection_id: expect.any(String), user_id: 'ann' };
const command = { level: 'info', msg: 'command', ms: expect.any(Number), ...facts };

test('who sent and read which message where is one line each, on the connection that it came by', async () => {
  const { lines } = await start('info');
  const client = await harness.connect('ann');
  await client.ask({ type: 'send_message', conversation_id: conversation, content: 'x' });
  // One that wants no answer is logged, too.
  client.send({ type: 'message_read', message_id: message });
  await client.ask({ type: 'ping' });
  const ids = { conversation_id: conversation, message_id: message };
  expect(lines('command')).toEqual([
    { ...command, type: 'send_message', ...ids },
    { ...command, type: 'message_read', ...ids },
  ]);
  const [opened] = lines('socket opened');
  expect(opened).toEqual({ level: 'info', msg: 'socket opened', ...facts });
  expect(lines('command').map((line) => line['connection_id'])).toEqual(
    Array.from({ length: 2 }, () => opened?.['connection_id']),
  );
});

test('a socket that closes says how and after how long', async () => {
  const { lines } = await start('info');
  const client = await harness.connect('ann');
  client.socket.close(1000);
  await client.closed;
  await expect
    .poll(() => lines('socket closed'))
    .toEqual([
      { level: 'info', msg: 'socket closed', ...facts, close_code: 1000, seconds: expect.any(Number) },
    ]);
});

test('who is turned away leaves a line with the reason', async () => {
  const { lines } = await start('info', { limits: limitsWith('websocket_connect', 1) });
  await harness.refused('/api/ws?token=nonsense');
  const authorization = `Bearer ${await harness.token('ann')}`;
  await harness.connect('ann');
  await harness.refused('/api/ws', [], { headers: { authorization } });
  expect(lines('socket refused')).toMatchObject([
    { level: 'info', code: 'invalid_token' },
    { level: 'info', code: 'rate_limited', user_id: 'ann' },
  ]);
});

test('a refused frame shows its code; a fault of ours is an error with its stack', async () => {
  const { lines } = await start('info');
  const client = await harness.connect('ann');
  client.send('{');
  await client.ask({ type: 'nonsense' });
  await client.ask({ type: 'typing_stop' });
  await client.ask({ type: 'message_read', message_id: conversation, conversation_id: conversation });
  await client.ask({ type: 'join_conversation', conversation_id: conversation });
  expect(lines('command')).toEqual([
    { ...command, type: 'unknown', code: 'malformed_body' },
    { ...command, type: 'unknown', code: 'validation_failed' },
    { ...command, type: 'typing_stop', code: 'validation_failed' },
    {
      ...command,
      type: 'message_read',
      code: 'message_not_found',
      conversation_id: conversation,
      message_id: conversation,
    },
  ]);
  expect(lines('a command failed')).toMatchObject([
    {
      level: 'error',
      type: 'join_conversation',
      conversation_id: conversation,
      code: 'internal',
      err: { message: 'relation is missing', stack: expect.stringContaining('command-log.test.ts') },
    },
  ]);
});

test('what people do all the time is there for who looks closer', async () => {
  const { lines } = await start('debug');
  const client = await harness.connect('ann');
  client.send({ type: 'typing_start', conversation_id: conversation });
  await client.ask({ type: 'leave_conversation', conversation_id: conversation });
  await client.ask({ type: 'ping' });
  expect(lines('command')).toEqual([
    { ...command, level: 'debug', type: 'typing_start', conversation_id: conversation },
    { ...command, level: 'debug', type: 'leave_conversation', conversation_id: conversation },
    { ...command, level: 'debug', type: 'ping' },
  ]);
});

test('neither text nor tokens are in it, wherever a client puts them; above info there is nothing', async () => {
  const { raw } = await start('debug');
  const token = await harness.token('ann');
  const client = await harness.connect('ann');
  const secret = 'meet me at the old bridge';
  await client.ask({
    type: 'send_message',
    conversation_id: conversation,
    content: secret,
    metadata: { secret },
  });
  await client.ask({ type: 'send_message', conversation_id: secret, content: secret, client_id: secret });
  await client.ask({ type: 'leave_conversation', conversation_id: token });
  await client.ask({ type: 'message_read', message_id: secret, conversation_id: token });
  await client.ask({ type: 'refresh_token', token });
  await client.ask({ type: secret });
  client.send(secret);
  await client.ask({ type: 'ping' });
  expect(raw()).toContain('refresh_token');
  for (const private_ of [secret, 'bridge', ...token.split('.')]) expect(raw()).not.toContain(private_);
  harness.close();

  const quiet = await start('warn');
  await (
    await harness.connect('ann')
  ).ask({ type: 'send_message', conversation_id: conversation, content: 'x' });
  expect(quiet.raw()).toBe('');
});
