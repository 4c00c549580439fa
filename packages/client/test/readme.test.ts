/** What the README shows works as it stands there. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createParley } from '../src/index.ts';
import { openStage } from './support/people.ts';

const AsyncFunction = (async () => undefined).constructor as new (
  ...code: string[]
) => (...values: unknown[]) => Promise<void>;

test('the first example', async () => {
  const stage = await openStage();
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  const code = example.replace(/^import.*\n/, '').replace('http://127.0.0.1:8000', stage.url);
  const shown = Promise.withResolvers<void>();
  const render = (messages: readonly { readonly content: string; readonly status: string }[]) => {
    if (messages[0]?.content === 'Pizza or soup?' && messages[0].status === 'sent') shown.resolve();
  };
  const getToken = () => stage.server.token({ sub: 'ann' });
  const closing = Promise.withResolvers<() => Promise<void>>();
  const create = (options: Parameters<typeof createParley>[0]) => {
    const parley = createParley(options);
    closing.resolve(() => parley.close());
    return parley;
  };
  await new AsyncFunction('createParley', 'getToken', 'render', code)(create, getToken, render);
  await shown.promise;
  await (
    await closing.promise
  )();
  await stage.close();
  expect(code).toContain('await parley.connect()');
});
