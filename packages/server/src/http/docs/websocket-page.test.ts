import { createHash } from 'node:crypto';
import { clientFrames, closeCodes, errors, serverFrames } from '@parley/protocol';
import type { TSchema } from 'typebox';
import { expect, test } from 'vitest';
import { compile } from '../../messaging/validation.ts';
import { exampleOf } from './example.ts';
import { meaningOf } from './meanings.ts';
import { fieldsOf, nodesIn, sharedIn } from './schema-nodes.ts';
import { pagePolicy, webSocketPage } from './websocket-page.ts';

const page = webSocketPage({ socketPath: '/api/ws', docsPath: '/docs' });

const frames: [side: string, name: string, schema: TSchema][] = [
  ...Object.entries(clientFrames).map(([name, schema]): [string, string, TSchema] => [
    'client',
    name,
    schema,
  ]),
  ...Object.entries(serverFrames).map(([name, schema]): [string, string, TSchema] => [
    'server',
    name,
    schema,
  ]),
];

const nodeOf = (schema: TSchema) => nodesIn({ schema })['schema'] ?? {};
const shared = [...sharedIn(frames.map(([, , schema]) => nodeOf(schema)))];

/** What the page shows as an example under `id`, read back from its markup. */
function shownExample(id: string): unknown {
  const [, article = ''] = new RegExp(`<article id="${id}">(.*?)</article>`, 's').exec(page) ?? [];
  const [, code = ''] = /<pre><code>(.*?)<\/code>/s.exec(article) ?? [];
  const text = code.replaceAll(/<[^>]+>/g, '');
  return JSON.parse(
    text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
  );
}

test.each(frames)('%s frame %s: the example on the page is what the schema accepts', (side, name, schema) => {
  const example = shownExample(`${side}-${name}`);
  expect(example).toEqual(exampleOf(nodeOf(schema), name));
  expect(compile(schema)(example)).toMatchObject({ ok: true });
});

test.each(shared)('object %s: its example is what the schema accepts', (name, node) => {
  expect(compile(node)(shownExample(`object-${name}`))).toMatchObject({ ok: true });
});

test.each(frames)('%s frame %s: every field is in its table, with a meaning', (side, name, schema) => {
  const [, article = ''] = new RegExp(`<article id="${side}-${name}">(.*?)</article>`, 's').exec(page) ?? [];
  for (const field of fieldsOf(nodeOf(schema))) {
    expect(article).toContain(`<td data-label="Field"><code>${field.name}</code></td>`);
    expect(meaningOf(field), field.name).not.toBe('');
  }
});

test("an object's fields have meanings too", () => {
  for (const [name, node] of shared) {
    for (const field of fieldsOf(node)) expect(meaningOf(field), `${name}.${field.name}`).not.toBe('');
  }
});

test('every close code and every error code is told', () => {
  for (const code of Object.values(closeCodes))
    expect(page).toContain(`<td data-label="Code"><code>${String(code)}</code></td>`);
  for (const code of Object.keys(errors))
    expect(page).toContain(`<td data-label="Code"><code>${code}</code></td>`);
});

test('every anchor that is linked to is there, once', () => {
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
});

test('the page needs no script and loads nothing; its policy allows its own stylesheet alone', () => {
  expect(page).not.toMatch(/<script|<link|<img|url\(|@import|style="|http:| on\w+="/);
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
  expect(pagePolicy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
});
