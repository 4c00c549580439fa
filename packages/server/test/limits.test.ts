/** How much anybody may do, and what they are told when it was too much: over HTTP, as the spec shows it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appRoles, defaultRateLimits, type AppRole } from '@parley/protocol';
import { TestClient, type Answer } from './support/client.ts';
import { startServer, type Person, type TestServer } from './support/server.ts';

const times = async <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> => {
  const answers: T[] = [];
  for (let index = 0; index < count; index++) answers.push(await work(index));
  return answers;
};

const headersOf = ({ headers }: Answer) =>
  Object.fromEntries(
    ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after'].map((name) => [
      name,
      headers.get(name) === null ? null : Number(headers.get(name)),
    ]),
  );

describe('with the limits of the spec', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ RATE_LIMITS: '{}' });
  });
  afterAll(() => server.close());

  const personAs = (role: AppRole): Promise<Person> => server.person(undefined, { app_metadata: { role } });

  test('the eleventh message of a student in a minute is refused, with the headers and the body that the spec shows', async () => {
    const student = await personAs('student');
    const group = await student.group();
    const send = () => student.post(`/api/conversations/${group.id}/messages`, { content: 'hello' });
    const since = Date.now() / 1000;
    const answers = await times(11, send);
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 201), 429]);
    const refused = answers[10] as Answer;
    const headers = headersOf(refused);
    const reset = headers['x-ratelimit-reset'] ?? 0;
    expect(headers).toEqual({
      'x-ratelimit-limit': 10,
      'x-ratelimit-remaining': 0,
      'x-ratelimit-reset': reset,
      'retry-after': headers['retry-after'],
    });
    expect(reset).toBeGreaterThan(since + 55);
    expect(reset).toBeLessThan(since + 70);
    expect(headers['retry-after']).toBeGreaterThan(40);
    expect(headers['retry-after']).toBeLessThanOrEqual(60);
    expect(refused.body).toEqual({
      error: 'Rate limit exceeded',
      message: 'Too many message_send requests',
      rate_limit_info: {
        limit_type: 'message_send',
        current_count: 11,
        limit: 10,
        window: 60,
        reset_time: reset,
        remaining: 0,
      },
      retry_after: headers['retry-after'],
      detail: 'Rate limit exceeded',
      code: 'rate_limited',
    });
    // Nothing of it was kept, and there is room for everything else.
    const { body } = await student.get(`/api/conversations/${group.id}/messages`);
    expect(body.total).toBe(10);
    expect((await send()).body.rate_limit_info.current_count).toBe(12);
  });

  test('every counted answer says what is left, and only a refusal when to try again', async () => {
    const student = await personAs('student');
    const group = await student.group();
    const answers = await times(3, () =>
      student.post(`/api/conversations/${group.id}/messages`, { content: 'hello' }),
    );
    expect(answers.map((answer) => headersOf(answer)['x-ratelimit-remaining'])).toEqual([9, 8, 7]);
    expect(new Set(answers.map((answer) => headersOf(answer)['x-ratelimit-limit']))).toEqual(new Set([10]));
    expect(new Set(answers.map((answer) => headersOf(answer)['retry-after']))).toEqual(new Set([null]));
    // What is wrong counts, too.
    const wrong = await student.post(`/api/conversations/${group.id}/messages`, { content: '' });
    expect([wrong.status, headersOf(wrong)['x-ratelimit-remaining']]).toEqual([422, 6]);
    const missing = await student.get('/api/conversations/none');
    expect([missing.status, headersOf(missing)['x-ratelimit-limit']]).toEqual([404, 100]);
  });

  test.each(appRoles)('each type has its own count, as high as a %s may go', async (role) => {
    const person = await personAs(role);
    const created = await person.post('/api/conversations', { type: 'group' });
    const path = `/api/conversations/${created.body.id}`;
    const form = new FormData();
    form.set('file', new Blob(['notes\n'], { type: 'text/plain' }), 'notes.txt');
    const limits = Object.fromEntries(
      Object.entries(defaultRateLimits).map(([type, roles]) => [type, roles[role][0]]),
    );
    const limitOf = (answer: Answer) => {
      const headers = headersOf(answer);
      // The first of its kind: nothing else was counted with it.
      expect(headers['x-ratelimit-remaining']).toBe((headers['x-ratelimit-limit'] ?? 0) - 1);
      return headers['x-ratelimit-limit'];
    };
    expect({
      conversation_create: limitOf(created),
      message_send: limitOf(await person.post(`${path}/messages`, { content: 'hello' })),
      file_upload: limitOf(await person.post(`${path}/upload`, form)),
      general: limitOf(await person.get(path)),
    }).toEqual({
      conversation_create: limits['conversation_create'],
      message_send: limits['message_send'],
      file_upload: limits['file_upload'],
      general: limits['general'],
    });
  });

  test('one person’s limit is nobody else’s, whatever the address that both come from', async () => {
    const [one, two] = await Promise.all([personAs('student'), personAs('student')]);
    const open = (person: Person) => person.post('/api/conversations', { type: 'group' });
    expect((await times(6, () => open(one))).map(({ status }) => status)).toEqual([
      201, 201, 201, 201, 201, 429,
    ]);
    expect((await open(two)).status).toBe(201);
  });

  test('another token of the same person is no way around it', async () => {
    const claims = { app_metadata: { role: 'student' } };
    const devices = [
      await server.person('two-devices', claims),
      await server.person('two-devices', { ...claims, exp: Math.floor(Date.now() / 1000) + 900 }),
    ];
    const answers = await times(6, (index) =>
      (devices[index % 2] as Person).post('/api/conversations', { type: 'group' }),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 429]);
  });

  test('sends that arrive all at once are counted exactly', async () => {
    const student = await personAs('student');
    const group = await student.group();
    const answers = await Promise.all(
      Array.from({ length: 30 }, () =>
        student.post(`/api/conversations/${group.id}/messages`, { content: 'at once' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
  });

  test('the service role is exempt', async () => {
    const answers = await times(25, () =>
      server.service().post('/api/conversations', { type: 'group', participant_ids: ['ann'] }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(headersOf(answers[0] as Answer)['x-ratelimit-limit']).toBeNull();
  });
});

test('RATE_LIMITS changes what it names and nothing else; the windows are its own', async () => {
  const server = await startServer({
    RATE_LIMITS: '{"message_send": {"student": [2, 2]}, "general": {"teacher": [7, 9]}}',
  });
  const [student, teacher] = await Promise.all([
    server.person(undefined, { app_metadata: { role: 'student' } }),
    server.person(undefined, { app_metadata: { role: 'teacher' } }),
  ]);
  const group = await student.group(teacher);
  const send = (person: Person) =>
    person.post(`/api/conversations/${group.id}/messages`, { content: 'hello' });
  const answers = await times(3, () => send(student));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 429]);
  expect(answers[2]?.body).toMatchObject({ rate_limit_info: { limit: 2, window: 2 }, retry_after: 2 });
  expect(headersOf(await send(teacher))['x-ratelimit-limit']).toBe(20);
  expect(headersOf(await teacher.get('/api/conversations'))['x-ratelimit-limit']).toBe(7);
  expect(headersOf(await student.get('/api/conversations'))['x-ratelimit-limit']).toBe(100);
  // The window passes.
  await expect.poll(async () => (await send(student)).status, { timeout: 5000 }).toBe(201);
  await server.close();
});

test('who guesses tokens, or asks for what is not there, is limited by their address', async () => {
  const server = await startServer({ RATE_LIMITS: '{"general": {"student": [5, 60]}}' });
  const guesses = await times(6, (index) =>
    new TestClient(server.origin, `guess-${index}`).get('/api/conversations'),
  );
  expect(guesses.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
  expect(guesses[5]?.body).toMatchObject({
    code: 'rate_limited',
    rate_limit_info: { limit_type: 'general', limit: 5 },
  });
  const person = await server.person();
  expect((await person.get('/api/conversations')).status).toBe(200);
  expect((await person.get('/healthz')).status).toBe(200);
  expect((await person.get('/readyz')).status).toBe(200);
  await server.close();
});

test('RATE_LIMITS=off counts nothing', async () => {
  const server = await startServer({ RATE_LIMITS: 'off' });
  const person = await server.person();
  const group = await person.group();
  const answers = await Promise.all(
    Array.from({ length: 120 }, () =>
      person.post(`/api/conversations/${group.id}/messages`, { content: 'hello' }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(headersOf(answers[0] as Answer)['x-ratelimit-limit']).toBeNull();
  await server.close();
});
