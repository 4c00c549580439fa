import { readFile } from 'node:fs/promises';
import { closeCodes, errors } from '@parley/protocol';
import Fastify, { type FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { Refusal } from '../messaging/refusal.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { routeOf } from './request-facts.ts';
import { requestMetrics } from './request-metrics.ts';

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

/** Reads Prometheus' text format. Throws at a line that is none. */
function parse(text: string): Family[] {
  const families: Family[] = [];
  let help = '';
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') help = rest;
    else if (kind === 'TYPE') families.push({ name, type: rest, help, samples: [] });
    else families.at(-1)?.samples.push(parseSample(line));
  }
  return families;
}

function parseSample(line: string) {
  const [, name, labels = '', value] = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [
    key,
    text,
  ]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

/** Feeds every function once, with all that it can be given. */
function feed({ messages, webSocket, limits, store, hub, bus }: Metrics): void {
  messages.sent({ via: 'websocket', type: 'text', conversationId: 'c', userId: 'u' });
  messages.delivered(3);
  webSocket.opened();
  webSocket.closed(4409);
  webSocket.command({ type: 'send_message', outcome: 'ok', ms: 2 });
  webSocket.error('muted');
  webSocket.dropped(2);
  webSocket.overflowed();
  limits.hit('message_send', 'student');
  limits.fallback(true);
  store.batch(12, 4);
  store.watchPool(() => ({ total: 10, idle: 7, waiting: 2 }));
  hub.gap();
  bus.published();
  bus.received();
}

const own = async (metrics: Metrics): Promise<Family[]> =>
  parse(await metrics.render()).filter(({ name }) => name.startsWith('parley_'));

const valueOf = async (
  metrics: Metrics,
  name: string,
  labels: Record<string, string> = {},
): Promise<number | undefined> => {
  const samples = (await own(metrics)).flatMap((family) => family.samples);
  return samples.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;
};

test("names keep to Prometheus' rules, so that dashboards and alerts written elsewhere work", async () => {
  const metrics = createMetrics({ process: false });
  feed(metrics);
  const families = await own(metrics);
  expect(families.length).toBeGreaterThan(20);
  for (const { name, type, help } of families) {
    expect(name).toMatch(/^parley_[a-z0-9]+(_[a-z0-9]+)*$/);
    expect(help.length, `${name} says what it is`).toBeGreaterThan(15);
    if (type === 'counter') expect(name).toMatch(/_total$/);
    else expect(name).not.toMatch(/_(total|count|sum|bucket|info)$/);
    if (/duration|delivery|latency/.test(name)) expect(name).toMatch(/_seconds$/);
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|percent)(_|$)/);
  }
});

test('every metric takes its value from the function that feeds it', async () => {
  const metrics = createMetrics({ process: false });
  feed(metrics);
  const expected: [string, number, Record<string, string>?][] = [
    ['parley_messages_sent_total', 1, { via: 'websocket', type: 'text' }],
    ['parley_active_conversations', 1],
    ['parley_active_users', 1],
    ['parley_delivery_seconds_sum', 0.003],
    ['parley_websocket_connections', 0],
    ['parley_websocket_closes_total', 1, { reason: 'slow_reader' }],
    ['parley_websocket_command_duration_seconds_sum', 0.002, { type: 'send_message', outcome: 'ok' }],
    ['parley_websocket_errors_total', 1, { code: 'muted' }],
    ['parley_outbox_dropped_frames_total', 2],
    ['parley_outbox_overflows_total', 1],
    ['parley_rate_limit_hits_total', 1, { type: 'message_send', role: 'student' }],
    ['parley_rate_limit_fallback', 1],
    ['parley_writer_batch_messages_sum', 12],
    ['parley_writer_batch_duration_seconds_sum', 0.004],
    ['parley_database_connections', 10],
    ['parley_database_idle_connections', 7],
    ['parley_database_waiting_queries', 2],
    ['parley_hub_gaps_total', 1],
    ['parley_bus_events_total', 1, { direction: 'published' }],
  ];
  for (const [name, value, labels] of expected)
    expect(await valueOf(metrics, name, labels), name).toBe(value);
});

test('no caller can make the number of series grow: addresses, methods and close codes of their choice share one label', async () => {
  const metrics = createMetrics({ process: false });
  const app = Fastify();
  requestMetrics(app, metrics.http);
  app.get('/users/:id', () => ({}));
  app.addHttpMethod('PROPFIND');
  app.route({ method: 'PROPFIND', url: '/dav', handler: () => ({}) });
  for (let n = 0; n < 50; n++) {
    await app.inject(`/users/${String(n)}?q=${String(n)}`);
    await app.inject(`/nowhere/${String(n)}`);
    await app.inject({ method: 'PROPFIND', url: '/dav' });
    metrics.webSocket.opened();
    metrics.webSocket.closed(3000 + n);
  }
  await app.close();
  const families = await own(metrics);
  const values = (name: string, label: string): string[] => [
    ...new Set(
      families
        .flatMap((family) => family.samples)
        .flatMap((sample) => (sample.name.startsWith(name) ? (sample.labels[label] ?? []) : [])),
    ),
  ];
  expect(values('parley_http', 'route').toSorted()).toEqual(['/dav', '/users/:id', 'unmatched']);
  expect(values('parley_http', 'method').toSorted()).toEqual(['GET', 'OTHER']);
  expect(values('parley_http', 'status_class').toSorted()).toEqual(['2xx', '4xx']);
  expect(values('parley_websocket_closes', 'reason').toSorted()).toEqual(
    [...Object.keys(closeCodes), 'abnormal', 'normal', 'other'].toSorted(),
  );
  expect(values('parley_websocket_errors', 'code').toSorted()).toEqual(Object.keys(errors).toSorted());
});

test('refusals and faults of REST can be told apart, by class and by code', async () => {
  const metrics = createMetrics({ process: false });
  const app = Fastify();
  requestMetrics(app, metrics.http);
  app.get('/muted', () => {
    throw new Refusal('muted');
  });
  app.get('/broken', () => {
    throw new Error('broken');
  });
  await app.inject('/muted');
  await app.inject('/broken');
  await app.close();
  expect(await valueOf(metrics, 'parley_http_requests_total', { route: '/muted', status_class: '4xx' })).toBe(
    1,
  );
  expect(
    await valueOf(metrics, 'parley_http_requests_total', { route: '/broken', status_class: '5xx' }),
  ).toBe(1);
  expect(await valueOf(metrics, 'parley_http_errors_total', { code: 'muted' })).toBe(1);
  expect(await valueOf(metrics, 'parley_http_request_duration_seconds_count', { route: '/muted' })).toBe(1);
});

test('what happens for the first time is seen as a rise from zero, which an alert needs', async () => {
  const metrics = createMetrics({ process: false });
  expect(await valueOf(metrics, 'parley_rate_limit_hits_total', { type: 'file_upload', role: 'admin' })).toBe(
    0,
  );
  expect(await valueOf(metrics, 'parley_messages_sent_total', { via: 'rest', type: 'image' })).toBe(0);
  expect(await valueOf(metrics, 'parley_websocket_errors_total', { code: 'internal' })).toBe(0);
});

test('active conversations and people are those of the last five minutes', async () => {
  let now = 0;
  const metrics = createMetrics({ process: false, now: () => now });
  metrics.messages.sent({ via: 'rest', type: 'text', conversationId: 'a', userId: 'u' });
  now = 200_000;
  metrics.messages.sent({ via: 'rest', type: 'text', conversationId: 'b', userId: 'u' });
  expect(await valueOf(metrics, 'parley_active_conversations')).toBe(2);
  expect(await valueOf(metrics, 'parley_active_users')).toBe(1);
  now = 301_000;
  expect(await valueOf(metrics, 'parley_active_conversations')).toBe(1);
});

test('the process tells of its memory, CPU and event loop', async () => {
  const names = parse(await createMetrics().render()).map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
    ]),
  );
});

test('two servers in one process count apart', async () => {
  const [one, other] = [createMetrics({ process: false }), createMetrics({ process: false })];
  one.hub.gap();
  expect(await valueOf(other, 'parley_hub_gaps_total')).toBe(0);
});

test('the operations page tells of each metric with its type and labels, and of none that is not there', async () => {
  const page = await readFile(new URL('../../../../docs/operations/metrics.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(parley_\w+)` \| (\w+) \| (.*?) \|/gm)];
  const told = rows.map(
    ([, name, type, labels = '']) => `${name} ${type} ${labelNames(labels.replaceAll(/\([^)]*\)/g, ''))}`,
  );
  const metrics = createMetrics({ process: false });
  feed(metrics);
  const route = routeOf({ is404: true } as FastifyRequest);
  metrics.http.answered({ method: 'GET', route, status: 404, ms: 1, code: 'not_found' });
  const there = (await own(metrics)).map(({ name, type, samples }) => {
    const labels = Object.keys(samples[0]?.labels ?? {}).filter((label) => label !== 'le');
    return `${name} ${type} ${labels.toSorted().join(' ')}`;
  });
  expect(told.toSorted()).toEqual(there.toSorted());
  for (const [, name = ''] of page.matchAll(/\b(parley_\w+?)(?:_bucket)?[[{)\s]/g)) {
    expect(there.map((row) => row.split(' ')[0])).toContain(name);
  }
});

const labelNames = (cell: string): string =>
  [...cell.matchAll(/`(\w+)`/g)]
    .map(([, name = '']) => name)
    .toSorted()
    .join(' ');
