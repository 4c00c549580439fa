import { expect, test } from 'vitest';
import { cleanFileName } from './file-name.ts';

test.for([
  ['report.pdf', 'report.pdf'],
  ['Größe 北京 🏳️‍🌈.txt', 'Größe 北京 🏳️‍🌈.txt'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\ann\\cat.png', 'cat.png'],
  ['folder/', 'folder'],
  ['a\0b\r\nSet-Cookie: x', 'abSet-Cookie: x'],
  ['photo\u202egpj.exe', 'photogpj.exe'],
  ['\ud800.txt', '\ufffd.txt'],
  ['  spaced.txt . ', 'spaced.txt'],
  ['.htaccess', '.htaccess'],
  ['..', 'file'],
  ['.', 'file'],
  ['/', 'file'],
  ['', 'file'],
  ['\u200f\0', 'file'],
  [undefined, 'file'],
])('%j is kept as %j', ([name, kept]) => {
  expect(cleanFileName(name)).toBe(kept);
});

test('a long name keeps its beginning and its extension, and no half characters', () => {
  expect(cleanFileName(`${'a'.repeat(300)}.jpeg`)).toBe(`${'a'.repeat(250)}.jpeg`);
  expect(cleanFileName(`${'ö'.repeat(300)}.txt`)).toBe(`${'ö'.repeat(125)}.txt`);
  expect(cleanFileName(`a.${'x'.repeat(300)}`)).toBe(`a.${'x'.repeat(253)}`);
  expect(Buffer.byteLength(cleanFileName('🦊'.repeat(100)))).toBe(252);
});
