import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { createLogger } from './logs.ts';

const capture = (level: 'info' | 'silent' = 'info') => {
  let raw = '';
  const logger = createLogger(level, { write: (line: string) => void (raw += line) });
  return { logger, raw: () => raw };
};

test('a token shows nowhere in a line, whichever key or sentence it was put into', () => {
  const { logger, raw } = capture();
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.sig';
  logger.info(
    { token, deep: { token, deeper: { token } }, headers: { authorization: token } },
    `checked ${token}`,
  );
  logger.info({ url: `/api/ws/abcdef?token=opaque-1` }, 'protocols parley, bearer.opaque-2');
  logger.info('Authorization: Bearer opaque-3');
  for (const secret of ['eyJ', 'opaque-1', 'opaque-2', 'opaque-3', 'abcdef'])
    expect(raw()).not.toContain(secret);
  for (const line of raw().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
});

test('a line says when it was written, also when the second has just changed', () => {
  vi.useFakeTimers();
  const { logger, raw } = capture();
  const times = [
    '2026-12-01T03:04:05.006Z',
    '2026-12-01T03:04:05.999Z',
    '2026-12-01T03:04:06.000Z',
    '1969-12-31T23:59:59.250Z',
  ];
  for (const time of times) {
    vi.setSystemTime(new Date(time));
    logger.info('now');
  }
  vi.useRealTimers();
  expect([...raw().matchAll(/"time":"([^"]*)"/g)].map(([, time]) => time)).toEqual(times);
});

test('what is logged is not changed by being logged', () => {
  const { logger, raw } = capture();
  const facts = { id: 'c1', deep: { token: 'opaque', id: 'm1' } };
  logger.info(facts, 'sent');
  expect(facts).toEqual({ id: 'c1', deep: { token: 'opaque', id: 'm1' } });
  expect(JSON.parse(raw())).toMatchObject({ id: 'c1', deep: { token: '[redacted]', id: 'm1' } });
});

test("people's words are redacted from known keys", () => {
  const { logger, raw } = capture();
  logger.info(
    { content: 'secret words', message: { content: 'secret words', file_name: 'secret.pdf' } },
    'sent',
  );
  expect(raw()).not.toContain('secret');
});

test('an error alone, or one whose message was repeated, is described and not quoted', () => {
  const { logger, raw } = capture();
  const error = new Error('invalid value: "my dear diary"');
  logger.error(error);
  logger.error({ err: error });
  logger.error({ err: error }, error.message);
  expect(raw()).not.toContain('diary');
  expect(raw().match(/invalid value/g)?.length).toBe(6);
});

test('what a database says of the rows at fault is left out: only its code and message remain', () => {
  const { logger, raw } = capture();
  const detail = 'Failing row contains (my dear diary).';
  logger.error(
    {
      err: Object.assign(new Error('violates check constraint "content_length"'), { code: '23514', detail }),
    },
    'failed',
  );
  expect(raw()).not.toContain('diary');
  expect(JSON.parse(raw())).toMatchObject({
    err: { code: '23514', message: 'violates check constraint "content_length"' },
  });
});

test('silent is silent', () => {
  const { logger, raw } = capture('silent');
  logger.fatal('x');
  expect(raw()).toBe('');
});

test('a process that exits has written every line, though lines gather first', async () => {
  const program = `
    import { createLogger } from '${new URL('logs.ts', import.meta.url).href}';
    const log = createLogger('info');
    for (let line = 0; line < 3; line++) log.info({ line }, 'gathered');
    process.exit(3);`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  const { stdout } = (await run.catch((error: unknown) => error)) as { stdout: string };
  expect(stdout.match(/"line":\d/g)).toEqual(['"line":0', '"line":1', '"line":2']);
});
