import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chunks, read } from '../blobs/blobs.suite.ts';
import { animatedGif, bomb, phonePhoto, png } from '../blobs/images.fixture.ts';
import { serviceActor, type Actor } from './actor.ts';
import { presentAttachment } from './attachment.ts';
import type { UploadFields, UploadForm } from './upload.ts';
import { conversationId, openFiles, person, type FilesHarness } from '../../test/support/files.ts';
import type { SentMessage } from './ports.ts';
import { Refusal } from './refusal.ts';

let harness: FilesHarness;
const [ann, bob, eve] = [person('ann'), person('bob'), person('eve')];

beforeEach(async () => {
  harness = await openFiles();
});
afterEach(() => harness.close());

type Content = string | Buffer | AsyncIterable<Uint8Array>;

function formOf(content: Content, fileName?: string, fields: Partial<UploadFields> = {}): UploadForm {
  const source = typeof content === 'string' || Buffer.isBuffer(content) ? chunks(content) : content;
  return {
    file: async () => ({ ...(fileName !== undefined && { fileName }), source }),
    fields: async () => ({ content: null, clientId: null, ...fields }),
  };
}

const upload = (content: Content, fileName?: string, fields?: Partial<UploadFields>, actor: Actor = ann) =>
  harness.files.upload(actor, conversationId, formOf(content, fileName, fields));

async function expectNothingLeft() {
  expect(await harness.list()).toEqual([]);
  expect([...harness.room.rows]).toEqual([]);
  expect(harness.leftovers).toEqual([]);
}

const idOf = ({ message }: SentMessage): string => String(Object(message.metadata.attachment).id);

const download = async (viewer: Actor, id: string) =>
  read(await (await harness.files.open(viewer, id, 'original')).read());

test('a text becomes a message of type file, named after it', async () => {
  const { message, replayed } = await upload('Dear Bob,', 'letter.txt');
  expect(replayed).toBe(false);
  expect(message).toMatchObject({ message_type: 'file', content: 'letter.txt', sender_id: 'ann' });
  const id = idOf({ message, replayed });
  expect(message.metadata.attachment).toEqual({
    id,
    file_name: 'letter.txt',
    content_type: 'text/plain',
    size: 9,
    sha256: createHash('sha256').update('Dear Bob,').digest('hex'),
    url: `/api/files/${id}`,
  });
  expect(String(await download(bob, id))).toBe('Dear Bob,');
});

test('a photo becomes a message of type image, with its caption, upright size and thumbnail', async () => {
  const sent = await upload(await phonePhoto(), 'IMG.JPG', { content: 'Our house' });
  expect(sent.message).toMatchObject({ message_type: 'image', content: 'Our house' });
  const id = idOf(sent);
  const pictured = { width: 600, height: 800, thumbnail_url: `/api/files/${id}/thumbnail` };
  expect(sent.message.metadata.attachment).toMatchObject(pictured);
  const thumbnail = await harness.files.open(bob, id, 'thumbnail');
  expect(thumbnail).toMatchObject({ contentType: 'image/webp', size: null });
  expect((await read(await thumbnail.read())).subarray(8, 12).toString()).toBe('WEBP');
});

test('what the database keeps has no addresses, as those change with where the server is mounted', async () => {
  await upload(await png(8, 6), 'dot.png');
  expect(harness.room.messages[0]?.metadata.attachment).toEqual({
    id: expect.any(String),
    file_name: 'dot.png',
    content_type: 'image/png',
    size: expect.any(Number),
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    width: 8,
    height: 6,
    has_thumbnail: true,
  });
});

test('a picture named as a page is kept under a name that opens as a picture', async () => {
  const sent = await upload(await animatedGif(), 'cat.html');
  const named = { file_name: 'cat.html.gif', content_type: 'image/gif' };
  expect(sent.message).toMatchObject({ content: 'cat.html.gif', metadata: { attachment: named } });
  expect((await harness.files.open(bob, idOf(sent), 'original')).fileName).toBe('cat.html.gif');
});

test('the file stands before anybody can see its message', async () => {
  const { room, blobs } = harness;
  let seen: [string, number] | undefined;
  room.onSend = async (message) => {
    const row = [...room.rows.values()].find(({ messageId }) => messageId === message.id);
    if (row === undefined) throw new Error('No row');
    seen = [String(await read(await blobs.get(row.attachment.blobKey))), row.attachment.size];
    room.onSend = null;
    return room.send(message);
  };
  await upload('Hello', 'a.txt');
  expect(seen).toEqual(['Hello', 5]);
});

test.for([
  ['a stranger', person('eve'), conversationId, 'not_participant'],
  ['somebody muted', person('mute'), conversationId, 'muted'],
  ['anybody, to nowhere', person('ann'), 'nowhere', 'conversation_not_found'],
] as const)('of %s nothing is read', async ([, actor, place, code]) => {
  const form: UploadForm = {
    file: () => expect.unreachable('The form was read'),
    fields: () => expect.unreachable('The form was read'),
  };
  await expect(harness.files.upload(actor, place, form)).rejects.toMatchObject({ code });
});

test('the service role may send files', async () => {
  expect((await upload('From us', 'news.txt', {}, serviceActor)).message.sender_id).toBe('system');
});

test.for([
  ['HTML named as a picture', '<html><script>alert(1)</script>', 'cat.png'],
  ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'logo.svg'],
  ['HTML behind the beginning of a GIF', 'GIF89a<script>alert(1)</script>', 'cat.gif'],
  ['a type that is known and not allowed', Buffer.from('504b0304140000000000', 'hex'), 'archive.zip'],
  ['noise', Buffer.from([1, 2, 3, 4]), 'noise.txt'],
  ['text that turns binary', 'fine '.repeat(2000) + '\0', 'a.txt'],
  ['half a picture', async () => (await png()).subarray(0, 500), 'cat.png'],
] as const)('%s is refused and leaves nothing', async ([, content, name]) => {
  const bytes = typeof content === 'function' ? await content() : content;
  await expect(upload(bytes, name)).rejects.toMatchObject({ code: 'file_type_not_allowed' });
  await expectNothingLeft();
});

test('what a picture unfolds to counts, too', async () => {
  await expect(upload(bomb(20_000), 'small.png')).rejects.toMatchObject({ code: 'file_too_large' });
  await expectNothingLeft();
});

test('a file that is too large is read up to the limit and no further', async () => {
  let taken = 0;
  async function* endless() {
    for (;;) {
      taken += 65_536;
      yield Buffer.alloc(65_536, 'text ');
    }
  }
  await expect(upload(endless(), 'a.txt')).rejects.toMatchObject({ code: 'file_too_large' });
  expect(taken).toBeLessThan(1024 * 1024 + 3 * 65_536);
  await expectNothingLeft();
});

test('a file of exactly the limit is taken', async () => {
  const { message } = await upload('x'.repeat(1024 * 1024), 'a.txt');
  expect(message.metadata.attachment).toMatchObject({ size: 1024 * 1024 });
});

test('a form without a file, or with an empty one as browsers send it, is told so', async () => {
  const none: UploadForm = { ...formOf(''), file: async () => null };
  await expect(harness.files.upload(ann, conversationId, none)).rejects.toMatchObject({
    code: 'file_missing',
  });
  await expect(upload('', '')).rejects.toMatchObject({ code: 'file_missing' });
  await expectNothingLeft();
});

test('a form that breaks off after its file leaves nothing', async () => {
  const reason = new Refusal('malformed_body');
  const broken = { ...formOf('Hello'), fields: () => Promise.reject(reason) };
  await expect(harness.files.upload(ann, conversationId, broken)).rejects.toBe(reason);
  await expectNothingLeft();
});

test('a retry answers the first message and keeps one copy', async () => {
  const photo = await png();
  const first = await upload(photo, 'a.png', { clientId: 'c1', content: 'Look' });
  const before = await harness.list();
  const second = await upload(photo, 'a.png', { clientId: 'c1', content: 'Look' });
  expect(second).toEqual({ message: first.message, replayed: true });
  expect(await harness.list()).toEqual(before);
  expect(harness.room.rows.size).toBe(1);
  expect(await download(bob, idOf(second))).toEqual(photo);
});

test.for([
  ['bytes', 'Goodbye', 'a.txt', 'Caption'],
  ['name', 'Hello', 'b.txt', 'Caption'],
  ['caption', 'Hello', 'a.txt', null],
] as const)('the same client_id with another %s is a conflict', async ([, bytes, name, content]) => {
  await upload('Hello', 'a.txt', { clientId: 'c1', content: 'Caption' });
  const before = await harness.list();
  const again = upload(bytes, name, { clientId: 'c1', content });
  await expect(again).rejects.toMatchObject({ code: 'idempotency_conflict' });
  expect(await harness.list()).toEqual(before);
});

test('somebody removed while they upload leaves nothing', async () => {
  harness.room.onSend = () => Promise.reject(new Refusal('not_participant'));
  await expect(upload(await png())).rejects.toMatchObject({ code: 'not_participant' });
  await expectNothingLeft();
});

test('where it is unknown whether the message stands, its file is kept; unused, it goes a day later', async () => {
  const { room, files } = harness;
  room.onSend = () => Promise.reject(new Refusal('unavailable'));
  await expect(upload(await png())).rejects.toMatchObject({ code: 'unavailable' });
  expect(await harness.list()).toHaveLength(2);
  expect(await files.sweep()).toBe(0);
  room.now += 25 * 3_600_000;
  expect(await files.sweep()).toBe(1);
  await expectNothingLeft();
});

test('a message that stood after all has its file', async () => {
  const { room } = harness;
  room.onSend = async (message) => {
    room.messages.push(message);
    throw new Refusal('unavailable');
  };
  await expect(upload('Hello', 'a.txt', { clientId: 'c1' })).rejects.toMatchObject({ code: 'unavailable' });
  room.onSend = null;
  const retried = await upload('Hello', 'a.txt', { clientId: 'c1' });
  expect(retried.replayed).toBe(true);
  expect(String(await download(bob, idOf(retried)))).toBe('Hello');
  room.now += 25 * 3_600_000;
  expect(await harness.files.sweep()).toBe(0);
});

test('what cannot be removed is told, and taken by a later sweep', async () => {
  const { room, blobs } = harness;
  let isBroken = true;
  const remove = (key: string) => (isBroken ? Promise.reject(new Refusal('unavailable')) : blobs.remove(key));
  const broken = await openFiles({
    conversations: room,
    attachments: room.store,
    blobs: { ...blobs, remove },
    send: () => Promise.reject(new Refusal('muted')),
  });
  const form = formOf('Hello');
  await expect(broken.files.upload(ann, conversationId, form)).rejects.toMatchObject({ code: 'muted' });
  expect(broken.leftovers).toHaveLength(1);
  room.now += 25 * 3_600_000;
  expect(await broken.files.sweep()).toBe(0);
  isBroken = false;
  expect(await broken.files.sweep()).toBe(1);
  await expectNothingLeft();
  await broken.close();
});

test('files are for participants, as long as they are', async () => {
  const id = idOf(await upload('Secret', 'a.txt'));
  await expect(harness.files.open(eve, id, 'original')).rejects.toMatchObject({ code: 'not_participant' });
  await expect(harness.files.sign(eve, id)).rejects.toMatchObject({ code: 'not_participant' });
  harness.room.members.delete('bob');
  await expect(harness.files.open(bob, id, 'original')).rejects.toMatchObject({ code: 'not_participant' });
  expect(String(await download(serviceActor, id))).toBe('Secret');
});

test('what is not there is not found', async () => {
  const missing = { code: 'file_not_found' };
  await expect(harness.files.open(ann, 'nothing', 'original')).rejects.toMatchObject(missing);
  const id = idOf(await upload('No picture', 'a.txt'));
  await expect(harness.files.open(ann, id, 'thumbnail')).rejects.toMatchObject(missing);
  harness.room.messages.length = 0;
  await expect(harness.files.open(ann, id, 'original')).rejects.toMatchObject(missing);
});

function linkOf(url: string) {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const [user, expires, signature] = ['user', 'expires', 'signature'].map(
    (name) => searchParams.get(name) ?? '',
  );
  return { pathname, link: { user: user ?? '', expires: expires ?? '', signature: signature ?? '' } };
}

test('a signed link works without a token, for five minutes', async () => {
  const id = idOf(await upload(await png(), 'a.png'));
  const { url, thumbnail_url: thumbnailUrl, expires_at: expiresAt } = await harness.files.sign(bob, id);
  const { pathname, link } = linkOf(url);
  expect(pathname).toBe(`/api/files/${id}`);
  expect(linkOf(thumbnailUrl ?? '')).toEqual({ pathname: `/api/files/${id}/thumbnail`, link });
  expect(await harness.files.openSigned(link, id, 'original')).toMatchObject({ fileName: 'a.png' });
  expect(Date.parse(expiresAt) - harness.room.now).toBe(5 * 60_000);
  harness.room.now += 5 * 60_000;
  const late = harness.files.openSigned(link, id, 'original');
  await expect(late).rejects.toMatchObject({ code: 'url_signature_invalid' });
});

test('a signed link dies with the membership of who asked for it', async () => {
  const id = idOf(await upload('Secret', 'a.txt'));
  const { link } = linkOf((await harness.files.sign(bob, id)).url);
  harness.room.members.delete('bob');
  await expect(harness.files.openSigned(link, id, 'original')).rejects.toMatchObject({
    code: 'not_participant',
  });
});

test('the service role’s link needs no membership', async () => {
  const id = idOf(await upload('Secret', 'a.txt'));
  const { link } = linkOf((await harness.files.sign(serviceActor, id)).url);
  expect(await harness.files.openSigned(link, id, 'original')).toMatchObject({ size: 6 });
});

test('a link cannot be turned into another', async () => {
  const [id, other] = [idOf(await upload('One', 'a.txt')), idOf(await upload('Two', 'a.txt'))];
  const { link } = linkOf((await harness.files.sign(bob, id)).url);
  const forged = [
    [{ ...link, user: 'ann' }, id],
    [{ ...link, user: 'system' }, id],
    [{ ...link, expires: `${Number(link.expires) + 1}` }, id],
    [{ ...link, expires: '' }, id],
    [{ ...link, signature: '' }, id],
    [{ ...link, signature: link.signature.slice(1) }, id],
    [link, other],
  ] as const;
  for (const [attempt, fileId] of forged) {
    const opened = harness.files.openSigned(attempt, fileId, 'original');
    await expect(opened).rejects.toMatchObject({ code: 'url_signature_invalid' });
  }
});

test('what a client itself put under metadata.attachment is given back as it came', () => {
  for (const own of [{}, { id: 1 }, { id: 'x', url: 'y' }, [1, 2]])
    expect(presentAttachment(own, '/api')).toBe(own);
});
