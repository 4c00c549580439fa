import { expect, test } from 'vitest';
import { chunks, read } from './blobs.suite.ts';
import { animatedGif, phonePhoto, png } from './images.fixture.ts';
import { identify, sniff } from './sniff.ts';

const bytes = (text: string) => Buffer.from(text);

test('pictures and PDFs are known by their bytes', async () => {
  expect(await sniff(await png())).toBe('image/png');
  expect(await sniff(await phonePhoto())).toBe('image/jpeg');
  expect(await sniff(await animatedGif())).toBe('image/gif');
  expect(await sniff(bytes('%PDF-1.7\n1 0 obj\n<< >>\nendobj\n'))).toBe('application/pdf');
});

test.for([
  ['a sentence', 'Hello there.\r\n\tIndented.\n'],
  ['letters of every script', 'Größe, 北京, 🏳️‍🌈, עברית'],
  ['a byte order mark', '\ufeffHello'],
  ['a heart', '<3 you'],
  ['an address in angle brackets', '<ann@example.org> wrote:'],
  ['a comparison', 'if a < b then c'],
  ['a first word that is an image’s magic', 'BMW is a maker of cars'],
  ['a first word that is a program’s magic', 'MZ is a two-letter word'],
])('%s is text', async ([, text]) => {
  expect(await sniff(bytes(text ?? ''))).toBe('text/plain');
});

test.for([
  ['HTML', '<html><body>hi</body></html>'],
  ['HTML after blanks', '\n\n  \t<!DOCTYPE html>'],
  ['HTML after a byte order mark', '\ufeff<script>alert(1)</script>'],
  ['HTML in capitals', '<SCRIPT src=//x>'],
  ['HTML after a sentence', 'Look: <script>alert(1)</script>'],
  ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
  ['SVG after a comment', '<!-- harmless --><svg onload="alert(1)"/>'],
  ['an element of any name', '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'],
  ['HTML in UTF-16', Buffer.from('\ufeff<html>', 'utf16le')],
  ['a NUL', 'abc\0def'],
  ['a control character', 'abc\x01def'],
  ['Latin-1', Buffer.from('Größe', 'latin1')],
  ['nothing', ''],
  ['noise', Buffer.from([0x93, 0x11, 0xfe, 0x02, 0x80])],
])('%s is not text', async ([, content]) => {
  expect(await sniff(Buffer.from(content ?? ''))).not.toBe('text/plain');
});

test('XML says what it is, so that it can be refused', async () => {
  expect(await sniff(bytes('<?xml version="1.0"?><svg/>'))).toBe('application/xml');
});

test('the bytes that were looked at are handed on, in whatever pieces they came', async () => {
  const photo = await png(64, 64);
  const singly = Array.from(photo, (byte) => Buffer.of(byte));
  const { contentType, isEmpty, body } = await identify(chunks(...singly));
  expect([contentType, isEmpty]).toEqual(['image/png', false]);
  expect(await read(body)).toEqual(photo);
});

test('an empty file is told from an unknown one', async () => {
  expect(await identify(chunks())).toMatchObject({ contentType: null, isEmpty: true });
  expect(await identify(chunks('\0'))).toMatchObject({ contentType: null, isEmpty: false });
});

const page = 'All is well. '.repeat(1000);

test.for([
  ['binary', chunks(page, 'and then\0', page)],
  ['another encoding', chunks(page, Buffer.from('Größe', 'latin1'), page)],
  ['the middle of a character', chunks(page, Buffer.from('ö').subarray(0, 1))],
] as const)('text that ends as %s is refused, however late', async ([, source]) => {
  const { contentType, body } = await identify(source);
  expect(contentType).toBe('text/plain');
  await expect(read(body)).rejects.toMatchObject({ code: 'file_type_not_allowed' });
});

test('a character across two pieces is one character', async () => {
  const [first, second] = [Buffer.from('ö').subarray(0, 1), Buffer.from('ö').subarray(1)];
  const { body } = await identify(chunks(page, first, second));
  expect(String(await read(body))).toBe(`${page}ö`);
});

test('a character across the end of what was looked at is one character', async () => {
  const text = 'ö'.repeat(5000);
  const { contentType, body } = await identify(chunks(`a${text}`));
  expect(contentType).toBe('text/plain');
  expect(String(await read(body))).toBe(`a${text}`);
});

test('whoever stops reading stops the upload', async () => {
  let stopped = false;
  async function* endless() {
    try {
      for (;;) yield Buffer.from(page);
    } finally {
      stopped = true;
    }
  }
  const { body } = await identify(endless());
  for await (const _ of body) break;
  expect(stopped).toBe(true);
});
