import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { Refusal } from '../messaging/refusal.ts';
import { createLogger } from './logs.ts';
import { createMetrics } from './metrics.ts';
import { fastifyLogging, requestLogging } from './request-logging.ts';
import { requestMetrics } from './request-metrics.ts';

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJlLXNlY3JldA';
const text = 'meet me at the "old" bridge';
const fileName = 'salaries of 2026.pdf';
const conversation = '0197f3a2-6c41-7d1e-9a55-3b0c4f2de871';
const message = '0197f3a2-6c41-7d1e-9a55-3b0c4f2de872';

let app: FastifyInstance | undefined;
afterEach(async () => app?.close());

interface Line {
  readonly level: string;
  readonly [key: string]: unknown;
}

/** A server that fails in every way in which a message can reach an error, and the lines that it logs at `info`. */
function startLogged(): { app: FastifyInstance; raw: () => string; lines: () => Line[] } {
  let raw = '';
  const logger = createLogger('info', { write: (line: string) => void (raw += line) });
  const server = Fastify(fastifyLogging(logger));
  app = server;
  requestLogging(server, { userOf: (request) => (request.headers.authorization ? 'ana' : undefined) });
  server.addContentTypeParser(/^multipart\//, (_request, _payload, done) => done(null));
  server.post('/api/conversations/:conversation_id/messages', () => ({ content: text }));
  server.get('/api/messages/:message_id/replies', () => ({}));
  server.post('/api/conversations', (request) => {
    request.created = { conversation_id: conversation };
    return {};
  });
  server.get('/api/ws/:token', () => ({}));
  server.post('/refuse', () => {
    throw new Refusal('muted');
  });
  server.post('/fail', (request) => {
    throw new Error(`could not store ${JSON.stringify(request.body)} for ${request.url}`, {
      cause: new Error(`invalid input syntax for type json: "${text}"`),
    });
  });
  server.post('/upload', () => {
    throw new Error(`could not sniff ${fileName}`);
  });
  return {
    app: server,
    raw: () => raw,
    lines: () =>
      raw
        .trim()
        .split('\n')
        .map((line): Line => JSON.parse(line)),
  };
}

test("a log can be handed to anybody: no token, text or file name is in it, whatever a request's path, headers, body or error holds", async () => {
  const { app: server, raw, lines } = startLogged();
  const headers = { authorization: `Bearer ${token}`, cookie: `sb=${token}`, 'idempotency-key': text };
  const payload = { content: text, file_name: fileName };
  await server.inject({ method: 'GET', url: `/api/ws/${token}?token=${token}`, headers });
  await server.inject({ method: 'GET', url: `/nowhere/${token}?q=${encodeURIComponent(text)}`, headers });
  await server.inject({
    method: 'POST',
    url: `/api/conversations/${conversation}/messages`,
    headers,
    payload,
  });
  await server.inject({ method: 'POST', url: `/fail?token=${token}`, headers, payload });
  await server.inject({
    method: 'POST',
    url: '/upload',
    headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x' },
    payload: `--x\r\ncontent-disposition: form-data; name="file"; filename="${fileName}"\r\n\r\n1\r\n--x--`,
  });
  await server.inject({
    method: 'POST',
    url: '/fail',
    headers: { ...headers, 'content-type': 'application/json' },
    payload: `{"content": ${text}`,
  });

  expect(lines()).toHaveLength(6);
  for (const secret of [token, 'eyJ', 'c2lnbmF0dXJl', text, 'bridge', fileName, 'salaries']) {
    expect(raw()).not.toContain(secret);
  }
});

test('one line tells who asked for what, where, how it ended and how long it took', async () => {
  const { app: server, lines } = startLogged();
  const answer = await server.inject({
    method: 'POST',
    url: `/api/conversations/${conversation}/messages?token=x`,
    headers: { authorization: 'Bearer x', 'x-request-id': 'abc-123' },
    payload: {},
  });
  expect(answer.headers['x-request-id']).toBe('abc-123');
  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      request_id: 'abc-123',
      method: 'POST',
      route: '/api/conversations/:conversation_id/messages',
      user_id: 'ana',
      conversation_id: conversation,
      status: 200,
      ms: expect.any(Number),
      msg: 'request',
    },
  ]);
});

test('the message that a request is about is named, and so is what it made', async () => {
  const { app: server, lines } = startLogged();
  await server.inject(`/api/messages/${message}/replies`);
  await server.inject({ method: 'POST', url: '/api/conversations', payload: {} });
  await server.inject('/api/messages/hunter2/replies');
  const [about, made, wrong] = lines();
  expect(about).toMatchObject({ message_id: message });
  expect(about).not.toHaveProperty('conversation_id');
  expect(made).toMatchObject({ conversation_id: conversation });
  expect(wrong).not.toHaveProperty('message_id');
});

test('something in the place of a conversation id is not logged: it may be a token pasted wrongly', async () => {
  const { app: server, lines } = startLogged();
  await server.inject({ method: 'POST', url: '/api/conversations/hunter2/messages', payload: {} });
  expect(lines()[0]).not.toHaveProperty('conversation_id');
});

test('a refusal shows its code; a fault of ours is an error with its stack and its cause', async () => {
  const { app: server, lines } = startLogged();
  await server.inject({ method: 'POST', url: '/refuse', payload: {} });
  await server.inject({ method: 'POST', url: '/fail', payload: { content: text } });
  const [refused, failed] = lines();
  expect(refused).toMatchObject({ level: 'info', status: 403, code: 'muted' });
  expect(refused).not.toHaveProperty('err');
  expect(failed).toMatchObject({
    level: 'error',
    status: 500,
    err: {
      type: 'Error',
      message: expect.stringContaining('could not store'),
      stack: expect.stringContaining('request-logging.test.ts'),
      cause: { message: 'invalid input syntax for type json: [redacted]' },
    },
  });
});

test('a limit that refused a request is named', async () => {
  const lines: string[] = [];
  app = Fastify(fastifyLogging(createLogger('info', { write: (line: string) => void lines.push(line) })));
  requestLogging(app, { refusalOf: () => ({ code: 'rate_limited', limitType: 'message_send' }) });
  app.get('/', () => {
    throw new Refusal('rate_limited');
  });
  await app.inject('/');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    status: 429,
    code: 'rate_limited',
    limit_type: 'message_send',
  });
});

test.each(['a'.repeat(65), 'with space', 'line\nbreak', 'eyJ.a.b', ''])(
  'a request id that is not short and plain is replaced: %j',
  async (given) => {
    const { app: server } = startLogged();
    const answer = await server.inject({
      method: 'POST',
      url: '/refuse',
      headers: { 'x-request-id': given },
      payload: {},
    });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test('a caller who hangs up leaves a line too', async () => {
  const lines: string[] = [];
  const logged = Promise.withResolvers<void>();
  const write = (line: string): void => {
    lines.push(line);
    if (line.includes('"aborted"')) logged.resolve();
  };
  const reached = Promise.withResolvers<void>();
  const server = Fastify(fastifyLogging(createLogger('info', { write })));
  app = server;
  requestLogging(server);
  server.get('/slow', async () => {
    reached.resolve();
    await logged.promise;
    return {};
  });
  const address = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(address.port), address.hostname);
  await once(socket, 'connect');
  socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  await reached.promise;
  socket.destroy();
  await logged.promise;
  const line: Line = JSON.parse(lines.find((one) => one.includes('aborted')) ?? '');
  expect(line).toMatchObject({ route: '/slow', aborted: true });
});

test('a request is logged and counted once, where both a server and a part of it ask for that', async () => {
  let raw = '';
  const metrics = createMetrics({ process: false });
  app = Fastify(fastifyLogging(createLogger('info', { write: (line: string) => void (raw += line) })));
  requestLogging(app);
  requestMetrics(app, metrics.http);
  await app.register(async (part) => {
    requestLogging(part);
    requestMetrics(part, metrics.http);
    part.get('/part', () => ({}));
  });
  await app.inject('/part');
  expect(raw.trim().split('\n')).toHaveLength(1);
  expect(await metrics.render()).toMatch(/^parley_http_requests_total\{.*route="\/part".*\} 1$/m);
});
