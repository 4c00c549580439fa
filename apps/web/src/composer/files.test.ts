import { expect, test } from 'vitest';
import { pastedFiles, refusalOf } from './files.ts';

const limits = { max_file_size: 10_000_000, allowed_file_types: ['image/png', 'text/plain'] };
const file = (name: string, type: string, size = 1) => ({ name, type, size });

test.each([
  file('a.png', 'image/png'),
  file('a.txt', 'text/plain;charset=utf-8'),
  // The server looks inside; these may well be plain text.
  file('README.md', 'text/markdown'),
  file('data.json', 'application/json'),
  file('unknown', ''),
])('may be tried: $name', (one) => {
  expect(refusalOf(one, limits)).toBeNull();
});

test.each([
  [file('film.mp4', 'video/mp4'), /type/],
  [file('huge.png', 'image/png', 12_000_000), /too large: 12 MB.* 10 MB/],
  [file('empty.txt', 'text/plain', 0), /empty/],
])('is refused before it is sent, with the reason', (one, reason) => {
  expect(refusalOf(one, limits)).toMatch(reason);
  expect(refusalOf(one, limits)).toContain(one.name);
});

test('of a paste from an office program the words are meant, not their picture', () => {
  const files = [new File(['x'], 'image.png')];
  expect(pastedFiles({ files, types: ['text/plain', 'text/html', 'Files'] })).toEqual([]);
  expect(pastedFiles({ files, types: ['text/html', 'Files'] })).toEqual(files);
  expect(pastedFiles({ files, types: ['text/plain', 'Files'] })).toEqual(files);
});
