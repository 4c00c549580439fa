import { expect, test } from 'vitest';
import { cleanFileName, fileNameFor } from './file-name.ts';

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

test.for<[name: string, type: string, kept: string]>([
  ['cat.html', 'image/gif', 'cat.html.gif'],
  ['cat.HTM', 'image/png', 'cat.HTM.png'],
  ['logo.svg', 'image/jpeg', 'logo.svg.jpg'],
  ['cat.gif.exe', 'image/gif', 'cat.gif.exe.gif'],
  ['.html', 'image/gif', '.html.gif'],
  ['cat.pdf', 'image/gif', 'cat.pdf.gif'],
  ['run.bat', 'text/plain', 'run.bat.txt'],
  ['page.html. ', 'application/pdf', 'page.html.pdf'],
])('%j that is %s is kept as %j, so that nobody runs it by opening it', ([name, type, kept]) => {
  expect(fileNameFor(name, type)).toBe(kept);
});

test.for<[name: string, type: string]>([
  ['cat.gif', 'image/gif'],
  ['cat.jpeg', 'image/jpeg'],
  ['cat.jpg', 'image/png'],
  ['cat', 'image/png'],
  ['html', 'image/png'],
  ['letter.pdf', 'application/pdf'],
  ['notes.md', 'text/plain'],
  ['table.csv', 'text/plain'],
  ['main.rs', 'text/plain'],
  ['setup.exe', 'application/x-msdownload'],
])('%j that is %s keeps its name', ([name, type]) => {
  expect(fileNameFor(name, type)).toBe(name);
});

test('a long name has room for the extension that is added', () => {
  const kept = fileNameFor(`${'ö'.repeat(300)}.html`, 'image/gif');
  expect(kept).toMatch(/^ö+\.html\.gif$/);
  expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(255);
});
