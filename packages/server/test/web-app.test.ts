/** The web app at `/`: whoever opens it gets it, fast and fresh, and nobody gets anything else of the disk. */
import { request, type IncomingHttpHeaders } from 'node:http';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeApp, script } from './support/built-app.ts';
import { startServer, type TestServer } from './support/server.ts';

let app: Awaited<ReturnType<typeof makeApp>>;
let server: TestServer;

beforeAll(async () => {
  app = await makeApp();
  server = await startServer({ CORS_ORIGINS: 'https://shop.example,https://www.shop.example' }, app.folder);
});
afterAll(async () => {
  await server.close();
  await app.remove();
});

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly body: string;
}

/** As it is written, unlike `fetch`, which tidies paths up and unpacks bodies. */
const ask = (
  path: string,
  headers: Record<string, string> = {},
  { method = 'GET', origin = server.origin } = {},
): Promise<Got> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const sent = request({ hostname, port, path, method, headers }, (answer) => {
      Array.fromAsync(answer as AsyncIterable<Buffer>).then((chunks) => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          bytes,
          body: bytes.toString('latin1'),
        });
      }, reject);
    });
    sent.on('error', reject).end();
  });

const asset = '/assets/app-Bx1_9-aa.js';

test('the page comes with its policy and is asked for anew each time', async () => {
  const { status, headers, body } = await ask('/');
  expect([status, body]).toEqual([200, expect.stringContaining('<div id="root">')]);
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    etag: expect.any(String),
  });
  expect(headers['access-control-allow-origin']).toBeUndefined();
  const directives = new Map(
    String(headers['content-security-policy'])
      .split('; ')
      .map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
  );
  expect(Object.fromEntries(directives)).toEqual({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' blob: data: https:",
    'media-src': "'self' blob:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'manifest-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'self' https://shop.example https://www.shop.example",
  });
});

test('whoever has a link into the app, or comes back from signing in, gets the same page', async () => {
  expect((await ask('/?code=abc&state=x')).body).toContain('<div id="root">');
});

test('what has its content in its name is kept for ever, and may be loaded by pages of others', async () => {
  const { status, headers, body } = await ask(asset);
  expect([status, body]).toEqual([200, script]);
  expect(headers).toMatchObject({
    'content-type': expect.stringMatching(/^(text|application)\/javascript; charset=utf-8$/),
    'cache-control': 'public, max-age=31536000, immutable',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  expect((await ask('/assets/app-Cc2.css')).headers['content-type']).toBe('text/css; charset=utf-8');
});

test('the element for embedding keeps its name, so it is asked for anew each time, from anywhere', async () => {
  const { status, headers } = await ask('/parley-chat.js', { origin: 'https://anywhere.example' });
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'content-type': expect.stringMatching(/^(text|application)\/javascript; charset=utf-8$/),
    'cache-control': 'no-cache',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    etag: expect.any(String),
  });
  expect((await ask('/favicon.svg')).headers['content-type']).toBe('image/svg+xml');
  expect((await ask('/emoji/en/data.json')).headers).toMatchObject({ 'cache-control': 'no-cache' });
});

test('who can unpack gets it packed, and caches are told that it varies', async () => {
  const { headers, bytes } = await ask(asset, { 'accept-encoding': 'gzip, deflate, br' });
  expect(headers).toMatchObject({
    'content-encoding': 'br',
    'content-type': expect.stringMatching(/^(text|application)\/javascript; charset=utf-8$/),
    vary: expect.stringMatching(/accept-encoding/i),
    'cache-control': 'public, max-age=31536000, immutable',
  });
  expect(brotliDecompressSync(bytes).toString()).toBe(script);
  expect(bytes.length).toBeLessThan(script.length / 4);
  const zipped = await ask(asset, { 'accept-encoding': 'gzip' });
  expect(gunzipSync(zipped.bytes).toString()).toBe(script);
  const plain = await ask(asset, { 'accept-encoding': 'identity' });
  expect([plain.headers['content-encoding'], plain.body]).toEqual([undefined, script]);
  expect(plain.headers.vary).toMatch(/accept-encoding/i);
  // Where nothing is packed beforehand it comes as it is.
  expect((await ask('/', { 'accept-encoding': 'br' })).body).toContain('<div id="root">');
});

test.for(['/', asset, '/parley-chat.js'])('%s is not sent again to who has it', async (path) => {
  const first = await ask(path);
  const etag = String(first.headers.etag);
  const again = await ask(path, { 'if-none-match': etag });
  expect([again.status, again.body, again.headers.etag]).toEqual([304, '', etag]);
  expect((await ask(path, { 'if-none-match': 'W/"other"' })).status).toBe(200);
  expect(again.headers['cache-control']).toBe(first.headers['cache-control']);
});

test('a new build is what the next visit gets, without a restart', async () => {
  const mine = await makeApp();
  const other = await startServer({}, mine.folder);
  try {
    const { etag } = (await ask('/', {}, { origin: other.origin })).headers;
    await writeFile(join(mine.folder, 'index.html'), '<!doctype html><div id="root">another</div>');
    await writeFile(join(mine.folder, 'assets/new-1.js'), 'export {};');
    const next = await ask('/', { 'if-none-match': String(etag) }, { origin: other.origin });
    expect([next.status, next.body]).toEqual([200, expect.stringContaining('another')]);
    expect((await ask('/assets/new-1.js', {}, { origin: other.origin })).status).toBe(200);
  } finally {
    await other.close();
    await mine.remove();
  }
});

test.for(['/', asset])('HEAD of %s tells the same headers, without the bytes', async (path) => {
  const headersOf = ({ headers: { date: _, 'x-request-id': __, ...headers } }: Got) => headers;
  const [whole, alone] = [await ask(path), await ask(path, {}, { method: 'HEAD' })];
  expect([alone.status, alone.body]).toEqual([200, '']);
  expect(headersOf(alone)).toEqual(headersOf(whole));
  expect(whole.headers['content-length']).toBe(String(whole.bytes.length));
});

test('a part of a file can be had, and one outside of it is refused', async () => {
  const part = await ask(asset, { range: 'bytes=0-4' });
  expect([part.status, part.body, part.headers['content-range']]).toEqual([
    206,
    script.slice(0, 5),
    `bytes 0-4/${script.length}`,
  ]);
  const outside = await ask(asset, { range: `bytes=${script.length}-` });
  expect(outside.status).toBe(416);
  expect(JSON.parse(outside.body)).toMatchObject({ code: 'range_not_satisfiable' });
  for (const range of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=x'])
    expect([200, 416]).toContain((await ask(asset, { range })).status);
});

test('nothing takes a POST here', async () => {
  for (const [path, method] of [
    ['/', 'POST'],
    ['/', 'DELETE'],
    [asset, 'POST'],
    ['/parley-chat.js', 'PUT'],
  ] as const) {
    const { status, body } = await ask(path, {}, { method });
    expect([status, body.includes('root')], `${method} ${path}`).toEqual([expect.any(Number), false]);
    expect([404, 405]).toContain(status);
  }
  const { headers } = await ask('/', {}, { method: 'POST' });
  expect(String(headers.allow).split(', ').toSorted()).toEqual(['GET', 'HEAD']);
});

const outside = [
  '/assets/../package.json',
  '/assets/../../package.json',
  '/assets/..%2f..%2fpackage.json',
  '/assets/..%2F..%2Fsecret.js',
  '/assets/%2e%2e/%2e%2e/secret.js',
  '/assets/%2e%2e%2f%2e%2e%2fsecret.js',
  '/assets/..%5c..%5csecret.js',
  '/assets/..\\..\\secret.js',
  '/assets/....//....//secret.js',
  '/assets/%252e%252e%252fsecret.js',
  '/assets/..%c0%af..%c0%afsecret.js',
  '/assets/%00',
  '/assets/app-Bx1_9-aa.js%00.css',
  '/assets//etc/passwd',
  '/assets/%2fetc%2fpasswd',
  '/assets/x/../app-Cc2.css',
  '/%2e%2e/',
  '/%2e%2e/package.json',
  '/../package.json',
  '/..%2fsecret.js',
  '//secret.js',
  '/./secret.js',
  '/emoji/../../secret.js',
  '/emoji/..%2f..%2fsecret.js',
];
const inside = [
  '/assets/app-Bx1_9-aa.js.map',
  '/assets/app-Bx1_9-aa.js.br',
  '/assets/.hidden.js',
  '/assets/%2ehidden.js',
  '/assets/.git/config.js',
  '/assets/page.html',
  '/assets/',
  '/assets',
  '/assets/app-bx1_9-AA.js',
  '/.built-from',
  '/package.json',
  '/package.json.bak',
  '/other.html',
  '/index.html.br',
  '/emoji/',
  '/docs/index.js',
  '/nothing.js',
];

test.for([...outside, ...inside])('%s gets nothing', async (path) => {
  const { status, headers, body } = await ask(path);
  expect(status).toBe(404);
  expect(body).not.toMatch(/secret|root/);
  expect(JSON.parse(body)).toMatchObject({ code: 'not_found' });
  expect(headers['cache-control'] ?? '').not.toContain('immutable');
});

test('the addresses that were there before are still there', async () => {
  for (const path of ['/docs', '/openapi.json', '/healthz', '/metrics'])
    expect((await ask(path)).status, path).toBe(200);
  expect(JSON.parse((await ask('/config.json')).body)).toHaveProperty('identity');
  const missing = await ask('/api/nothing');
  expect([missing.status, missing.headers['cache-control']]).toEqual([404, 'no-store']);
});

test('where nothing was built, the page says how to, and shows the app once it is', async () => {
  const mine = await makeApp();
  const folder = join(mine.folder, '..', 'later');
  const other = await startServer({}, folder);
  try {
    const before = await ask('/', {}, { origin: other.origin });
    expect([before.status, before.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(before.body).toContain('npm run build');
    expect(before.body).toContain('href="/docs"');
    expect(before.headers['content-security-policy']).not.toMatch(/unsafe|\*/);
    expect((await ask('/parley-chat.js', {}, { origin: other.origin })).status).toBe(404);
    await cp(mine.folder, folder, { recursive: true });
    expect((await ask('/', {}, { origin: other.origin })).body).toContain('<div id="root">');
    expect((await ask(asset, {}, { origin: other.origin })).status).toBe(200);
  } finally {
    await other.close();
    await mine.remove();
  }
});

test('with Supabase the page may call it and nobody else; where every origin is welcome, every page may show it', async () => {
  const other = await startServer(
    {
      JWT_SECRET: '',
      SUPABASE_URL: 'https://abc.supabase.co/',
      SUPABASE_ANON_KEY: 'sb_publishable_abc',
      CORS_ORIGINS: '*',
    },
    app.folder,
  );
  const policy = (await ask('/', {}, { origin: other.origin })).headers['content-security-policy'];
  await other.close();
  expect(policy).toContain("; connect-src 'self' https://abc.supabase.co; ");
  expect(policy).toMatch(/; frame-ancestors \*$/);
});

test('in demo mode a page that points its own name at the loopback does not get the app either', async () => {
  const demo = await startServer({ JWT_SECRET: '', SUPABASE_SERVICE_KEY: '' }, app.folder);
  try {
    const { port } = new URL(demo.origin);
    for (const path of ['/', asset, '/parley-chat.js', '/config.json', '/demo/people']) {
      const { status, body } = await ask(path, { host: `evil.example:${port}` }, { origin: demo.origin });
      expect([status, JSON.parse(body).code], path).toEqual([403, 'host_not_allowed']);
      const own = await ask(path, { host: `localhost:${port}` }, { origin: demo.origin });
      expect(own.status, path).toBe(200);
    }
  } finally {
    await demo.close();
  }
});
