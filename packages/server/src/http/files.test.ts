import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { conversationId } from '../../test/support/files.ts';
import { startFilesServer, type FilesServer } from '../../test/support/files-server.ts';
import { animatedGif, phonePhoto, png } from '../blobs/images.fixture.ts';

let server: FilesServer;

beforeEach(async () => {
  server = await startFilesServer();
});
afterEach(() => server.close());

const path = `/api/conversations/${conversationId}/upload`;

interface Sent {
  readonly user?: string;
  readonly headers?: Record<string, string>;
  readonly to?: string;
}

/** Sends a form in the order given. */
async function send(parts: readonly (readonly [string, string | Blob, string?])[], options: Sent = {}) {
  const form = new FormData();
  for (const [name, value, fileName] of parts) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, fileName);
  }
  const headers = { 'x-user': options.user ?? 'ann', ...options.headers };
  const answer = await fetch(server.url + (options.to ?? path), { method: 'POST', body: form, headers });
  return { status: answer.status, headers: answer.headers, body: await jsonOf(answer) };
}

const jsonOf = async (answer: Response) => JSON.parse(await answer.text());

const blob = (content: string | Buffer) => new Blob([Uint8Array.from(Buffer.from(content))]);

async function upload(content: string | Buffer, fileName: string): Promise<{ id: string; url: string }> {
  const { status, body } = await send([['file', blob(content), fileName]]);
  expect(status).toBe(201);
  return body.metadata.attachment;
}

const get = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(server.url + url, { method, headers: { 'x-user': 'bob', ...headers } });

const nothingLeft = async () => {
  expect(await server.list()).toEqual([]);
  expect(server.room.rows.size).toBe(0);
};

test('a file is posted as a message and served to the others', async () => {
  const { status, headers, body } = await send([['file', blob('Dear Bob'), 'letter.txt']]);
  expect([status, headers.get('idempotency-replayed')]).toEqual([201, null]);
  expect(body).toMatchObject({ message_type: 'file', content: 'letter.txt', sender_id: 'ann' });
  const answer = await get(body.metadata.attachment.url);
  expect([answer.status, await answer.text()]).toEqual([200, 'Dear Bob']);
});

test('a name with quotes is the name that its sender sees', async () => {
  const { body } = await send([['file', blob('hello'), 'ü "quoted" 100%.txt']]);
  expect(body.metadata.attachment.file_name).toBe('ü "quoted" 100%.txt');
});

test.for([
  ['before', [0, 1, 2]],
  ['after', [2, 0, 1]],
  ['around', [0, 2, 1]],
] as const)('caption and client_id may stand %s the file', async ([, order]) => {
  const parts = [
    ['content', 'Our house'],
    ['client_id', 'c1'],
    ['file', blob(await phonePhoto()), 'a.jpg'],
  ] as const;
  const form = order.map((index) => parts[index]);
  const first = await send(form);
  expect(first.status).toBe(201);
  expect(first.body).toMatchObject({ content: 'Our house', client_id: 'c1', message_type: 'image' });
  const again = await send(form);
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  expect(again.body).toEqual(first.body);
  expect(server.room.messages).toHaveLength(1);
});

test('the header Idempotency-Key is the same as client_id', async () => {
  const headers = { 'idempotency-key': 'k1' };
  const first = await send([['file', blob('Hello'), 'a.txt']], { headers });
  expect(first.body.client_id).toBe('k1');
  const again = await send([
    ['file', blob('Hello'), 'a.txt'],
    ['client_id', 'k1'],
  ]);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  const other = await send([['file', blob('Goodbye'), 'a.txt']], { headers });
  expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict']);
  const both = await send(
    [
      ['file', blob('Hello'), 'a.txt'],
      ['client_id', 'k2'],
    ],
    { headers },
  );
  expect([both.status, both.body.errors[0].path]).toEqual([422, '/client_id']);
});

const tooLong = 'ö'.repeat(5001);

test.for([
  ['content', ''],
  ['content', tooLong],
  ['content', 'a\0b'],
  ['client_id', ''],
  ['client_id', 'x'.repeat(65)],
] as const)('a bad %s is told, before the file and after it', async ([name, value]) => {
  const file = ['file', blob('Hello'), 'a.txt'] as const;
  for (const parts of [[[name, value], file] as const, [file, [name, value]] as const]) {
    const { status, body } = await send(parts);
    expect([status, body.code, body.errors[0].path]).toEqual([422, 'validation_failed', `/${name}`]);
  }
  await nothingLeft();
});

test('a caption of 5,000 characters is taken, whatever they weigh', async () => {
  const { status, body } = await send([
    ['file', blob('x'), 'a.txt'],
    ['content', '🦊'.repeat(5000)],
  ]);
  expect([status, body.content.length]).toEqual([201, 10_000]);
});

test('fields that nobody knows are ignored, other files too', async () => {
  const { status } = await send([
    ['other', 'x'],
    ['more', blob('y'.repeat(100_000)), 'b.txt'],
    ['file', blob('x'), 'a.txt'],
  ]);
  expect(status).toBe(201);
});

test.for([
  ['nothing', [], 400, 'file_missing'],
  ['no file', [['content', 'x']], 400, 'file_missing'],
  ['an empty file', [['file', blob(''), '']], 400, 'file_missing'],
  [
    'two files',
    [
      ['file', blob('x'), 'a.txt'],
      ['file', blob('y'), 'b.txt'],
    ],
    422,
    'validation_failed',
  ],
  ['a hundred fields', Array.from({ length: 100 }, () => ['x', 'y'] as const), 413, 'payload_too_large'],
  ['HTML', [['file', blob('<html>'), 'cat.png']], 400, 'file_type_not_allowed'],
  ['a megabyte too much', [['file', blob('x'.repeat(2 ** 21)), 'a.txt']], 400, 'file_too_large'],
  ['a byte too much', [['file', blob('x'.repeat(2 ** 20 + 1)), 'a.txt']], 400, 'file_too_large'],
  [
    'much beside the file',
    [
      ['x', blob('y'.repeat(2 ** 20)), 'x'],
      ['file', blob('y'.repeat(100_000)), 'a'],
    ],
    400,
    'file_too_large',
  ],
] as const)('a form with %s is refused, and nothing is left', async ([, parts, status, code]) => {
  const answer = await send(parts);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  await nothingLeft();
});

test('what surrounds the file is limited, too, where no length was announced', async () => {
  const { request, answered } = beginUpload();
  const fields = Array.from(
    { length: 30 },
    (_, index) => `${head('x', `more${index}`)}${'y'.repeat(50_000)}\r\n`,
  );
  request.write(head('x', 'more'));
  request.end(`\r\n${fields.join('')}--x--\r\n`);
  expect((await answered).statusCode).toBe(413);
  await nothingLeft();
});

test.for([
  ['eve', path, 403, 'not_participant'],
  ['mute', path, 403, 'muted'],
  ['ann', '/api/conversations/nowhere/upload', 404, 'conversation_not_found'],
] as const)('%s may not upload to %s', async ([user, to, status, code]) => {
  const { body, ...answer } = await send([['file', blob('x'.repeat(500_000)), 'a.txt']], { user, to });
  expect([answer.status, body.code]).toEqual([status, code]);
});

test.for([
  ['application/json', '{}'],
  ['application/x-www-form-urlencoded', 'file=x'],
  ['text/plain', 'x'],
  ['multipart/mixed; boundary=x', '--x--'],
  ['nonsense', 'x'],
])('%s is no form with a file', async ([type, body]) => {
  const headers = { 'x-user': 'ann', 'content-type': type ?? '' };
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: body ?? '' });
  expect([answer.status, (await jsonOf(answer)).code]).toEqual([415, 'unsupported_media_type']);
});

test('a request without any body is no form either', async () => {
  const answer = await fetch(server.url + path, { method: 'POST', headers: { 'x-user': 'ann' } });
  expect([answer.status, (await jsonOf(answer)).code]).toEqual([415, 'unsupported_media_type']);
});

const head = (boundary: string, name: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="a.txt"\r\n\r\n`;

test.for([
  ['', 'multipart/form-data', `${head('x', 'file')}Hello\r\n--x--\r\n`],
  ['that ends within the file', 'multipart/form-data; boundary=x', `${head('x', 'file')}Hello`],
  ['that ends within a header', 'multipart/form-data; boundary=x', '--x\r\nContent-Dispo'],
  ['that ends after the file', 'multipart/form-data; boundary=x', `${head('x', 'file')}Hello\r\n--x\r\n`],
  ['that never begins', 'multipart/form-data; boundary=x', 'Hello'],
  ['of another boundary', 'multipart/form-data; boundary=y', `${head('x', 'file')}Hello\r\n--x--\r\n`],
])('a form %s is malformed, and nothing is left', async ([, type, body]) => {
  const headers = { 'x-user': 'ann', 'content-type': type ?? '' };
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: body ?? '' });
  expect([answer.status, (await jsonOf(answer)).code]).toEqual([400, 'malformed_body']);
  await nothingLeft();
});

test('whatever is cut out of a form, the answer comes, and no half file stays', async () => {
  const form = Buffer.from(
    `--x\r\nContent-Disposition: form-data; name="content"\r\n\r\nHi\r\n${head('x', 'file')}Hello\r\n--x--\r\n`,
  );
  const headers = { 'x-user': 'ann', 'content-type': 'multipart/form-data; boundary=x' };
  const post = (body: Buffer) =>
    fetch(server.url + path, { method: 'POST', headers, body: Uint8Array.from(body) });
  for (let at = 0; at < form.length; at += 3) {
    for (const body of [
      form.subarray(0, at),
      form.subarray(at),
      Buffer.concat([form.subarray(0, at), form.subarray(at + 2)]),
    ]) {
      const { status } = await post(body);
      expect([201, 400, 422]).toContain(status);
    }
  }
  const files = (await server.list()).length;
  expect(files).toBe(server.room.messages.length);
  expect(server.room.rows.size).toBe(files);
});

/** Starts an upload by hand, whose body comes in pieces. */
function beginUpload(length?: number, user = 'ann') {
  const request = httpRequest(server.url + path, {
    method: 'POST',
    headers: {
      'x-user': user,
      'content-type': 'multipart/form-data; boundary=x',
      ...(length !== undefined && { 'content-length': length }),
    },
  });
  const answered = once(request, 'response').then(([response]) => (response as IncomingMessage).resume());
  // The connection ends before everything is sent: by us, or by the server after its answer.
  answered.catch(() => undefined);
  request.on('error', () => undefined);
  return { request, answered };
}

test('a client that goes away midway leaves nothing', async () => {
  const { request } = beginUpload(500_000);
  request.write(`${head('x', 'file')}${'x'.repeat(300_000)}`);
  await vi.waitFor(async () => expect(await server.list()).toHaveLength(1));
  request.destroy();
  await vi.waitFor(nothingLeft);
});

test('a client that goes away between its file and the end of the form leaves nothing', async () => {
  const { request } = beginUpload(500_000);
  request.write(`${head('x', 'file')}Hello\r\n--x\r\n`);
  await vi.waitFor(async () => expect(await server.list()).toHaveLength(1));
  request.destroy();
  await vi.waitFor(nothingLeft);
});

test('who may not upload is told at once, not after sending everything', async () => {
  const { request, answered } = beginUpload(900_000, 'eve');
  request.write(head('x', 'file'));
  const response = await answered;
  expect([response.statusCode, response.headers.connection]).toEqual([403, 'close']);
  request.destroy();
});

test('a file of the wrong type is refused by its first bytes', async () => {
  const { request, answered } = beginUpload(900_000);
  request.write(`${head('x', 'file')}<html>${'x'.repeat(5000)}`);
  expect((await answered).statusCode).toBe(400);
  request.destroy();
});

test('a client that sends everything before it listens still gets the answer', async () => {
  const size = 8 * 1024 * 1024;
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    'X-User: eve',
    'Content-Type: multipart/form-data; boundary=x',
    `Content-Length: ${size}`,
  ];
  socket.pause();
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.write(Buffer.alloc(size), resolve);
  });
  const answer = Buffer.concat(await Array.fromAsync(socket)).toString();
  expect(answer).toMatch(/^HTTP\/1.1 403 /);
  expect(answer).toContain('"code":"not_participant"');
});

test('after an answer to the whole form the connection stays open for more', async () => {
  const { headers } = await send([['file', blob('Hello'), 'a.txt']]);
  expect(headers.get('connection')).toBe('keep-alive');
});

test('nothing that is served can run in a browser or be taken for something else', async () => {
  const { url } = await upload('%PDF-1.7\n1 0 obj\n', 'Ünï "x".pdf');
  const { headers } = await get(url);
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'application/pdf',
    'content-disposition': `attachment; filename="_n_ _x_.pdf"; filename*=UTF-8''%C3%9Cn%C3%AF%20%22x%22.pdf`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
    'content-length': '17',
  });
});

test('a picture is shown in place, and so is its thumbnail', async () => {
  const { url } = await upload(await animatedGif(), 'cat.gif');
  const disposition = async (address: string) => (await get(address)).headers.get('content-disposition');
  expect(await disposition(url)).toMatch(/^inline; filename="cat.gif"/);
  expect(await disposition(`${url}/thumbnail`)).toMatch(/^inline; /);
  const thumbnail = await get(`${url}/thumbnail`);
  expect(thumbnail.headers.get('content-type')).toBe('image/webp');
  expect(Buffer.from(await thumbnail.arrayBuffer()).toString('latin1', 8, 12)).toBe('WEBP');
});

test('what a client has already is not sent again', async () => {
  const { url } = await upload(await png(), 'a.png');
  const etag = (await get(url)).headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
  for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const answer = await get(url, { 'if-none-match': tag });
    expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([304, etag, '']);
  }
  expect((await get(url, { 'if-none-match': '"x"' })).status).toBe(200);
  expect((await get(`${url}/thumbnail`, { 'if-none-match': etag })).status).toBe(200);
});

test.for([
  ['bytes=0-4', 'Hello', '0-4'],
  ['bytes=6-', 'World', '6-10'],
  ['bytes=-3', 'rld', '8-10'],
  ['bytes=-99', 'Hello World', '0-10'],
  ['bytes=4-999', 'o World', '4-10'],
  ['Bytes=0-0', 'H', '0-0'],
] as const)('%s is answered by that part', async ([range, text, part]) => {
  const { url } = await upload('Hello World', 'a.txt');
  const answer = await get(url, { range });
  expect([answer.status, answer.headers.get('content-range')]).toEqual([206, `bytes ${part}/11`]);
  expect(answer.headers.get('content-length')).toBe(String(text.length));
  expect(await answer.text()).toBe(text);
});

test.for(['bytes=11-', 'bytes=-0', 'bytes=5-2', 'bytes=a-b', 'bytes=-', 'bytes=99-100'])(
  '%s lies outside',
  async (range) => {
    const { url } = await upload('Hello World', 'a.txt');
    const answer = await get(url, { range });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */11']);
    expect((await jsonOf(answer)).code).toBe('range_not_satisfiable');
  },
);

test.for(['lines=1-2', 'bytes=0-1,4-5'])('%s is answered by everything', async (range) => {
  const { url } = await upload('Hello World', 'a.txt');
  const answer = await get(url, { range });
  expect([answer.status, await answer.text()]).toEqual([200, 'Hello World']);
});

test('a download is resumed only if the file is still the same', async () => {
  const { url } = await upload('Hello World', 'a.txt');
  const etag = (await get(url)).headers.get('etag') ?? '';
  expect((await get(url, { range: 'bytes=6-', 'if-range': etag })).status).toBe(206);
  expect((await get(url, { range: 'bytes=6-', 'if-range': '"x"' })).status).toBe(200);
  expect((await get(url, { range: 'bytes=6-', 'if-range': new Date().toUTCString() })).status).toBe(200);
});

test('HEAD tells the same headers, without the bytes', async () => {
  const { url } = await upload(await png(), 'a.png');
  const headersOf = async (method: string) => {
    const answer = await get(url, {}, method);
    const bytes = (await answer.arrayBuffer()).byteLength;
    const { date: _, connection: __, 'keep-alive': ___, ...headers } = Object.fromEntries(answer.headers);
    return { status: answer.status, headers, bytes };
  };
  const [whole, alone] = [await headersOf('GET'), await headersOf('HEAD')];
  expect(alone).toEqual({ ...whole, bytes: 0 });
  expect(whole.headers['content-length']).toBe(String(whole.bytes));
});

test('files are for participants; everybody else is told why not', async () => {
  const { url } = await upload('Secret', 'a.txt');
  const refusal = async (address: string, headers?: Record<string, string>) => {
    const answer = await fetch(server.url + address, { headers: headers ?? {} });
    return [answer.status, (await jsonOf(answer)).code];
  };
  expect(await refusal(url, { 'x-user': 'eve' })).toEqual([403, 'not_participant']);
  expect(await refusal(url)).toEqual([401, 'token_missing']);
  expect(await refusal('/api/files/nothing', { 'x-user': 'bob' })).toEqual([404, 'file_not_found']);
  expect(await refusal(`${url}/thumbnail`, { 'x-user': 'bob' })).toEqual([404, 'file_not_found']);
  expect(await refusal(`${url}?user=bob`)).toEqual([403, 'url_signature_invalid']);
  expect(await refusal(`${url}?user=bob&expires=x&signature=y`)).toEqual([403, 'url_signature_invalid']);
  expect(await refusal(`${url}?page=2`, { 'x-user': 'bob' })).toEqual([422, 'validation_failed']);
});

test('a signed address works without a token until its maker leaves', async () => {
  const { url } = await upload(await png(), 'a.png');
  const signed = await jsonOf(await get(`${url}/url`));
  for (const address of [signed.url, signed.thumbnail_url]) {
    expect((await fetch(server.url + address)).status).toBe(200);
  }
  server.room.members.delete('bob');
  const answer = await fetch(server.url + signed.url);
  expect([answer.status, (await jsonOf(answer)).code]).toEqual([403, 'not_participant']);
});

test('a file whose bytes are lost is not found, rather than half an answer', async () => {
  const { url, id } = await upload('Hello', 'a.txt');
  await server.blobs.remove(server.room.rows.get(id)?.attachment.blobKey ?? '');
  const answer = await get(url);
  expect([answer.status, (await jsonOf(answer)).code]).toEqual([404, 'file_not_found']);
  expect(answer.headers.get('content-type')).toContain('application/json');
});
