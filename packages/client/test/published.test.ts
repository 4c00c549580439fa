/** What is published works where there is nothing of this repository. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { build } from '../scripts/build.ts';

const run = promisify(execFile);
const path = (to: string) => fileURLToPath(new URL(to, import.meta.url));

const program = `
import { createParley, ParleyError, type Message, type SendMessageBody } from '@parley/client';
import { MessagingClient } from '@parley/client/compat';
import { Replica } from '@parley/client/replica';
const parley = createParley({ url: 'http://127.0.0.1:9', getToken: () => 'a token', userId: 'ann' });
const body: SendMessageBody = { content: 'hi' };
const status: 'sent' | 'delivered' | 'read' | undefined = ([] as Message[])[0]?.status;
// @ts-expect-error -- a text is no number
const wrong: SendMessageBody = { content: 1 };
parley.on('new_message', ({ message }) => console.log(message.seq.toFixed(), body, status, wrong));
const lunch = parley.conversation('lunch');
void parley.connect();
lunch.subscribe(() => {
  if (lunch.messages[0]?.status !== 'sending') return;
  console.log(lunch.messages[0].content, typeof MessagingClient, typeof Replica, typeof ParleyError);
  void parley.close().then(() => process.exit());
});
void lunch.send('it runs');
`;

test(
  'it is installed from its tarball, is typed, and runs, with no dependency',
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-published-'));
    try {
      build(path('..'), join(folder, 'client'));
      const { stdout } = await run('npm', ['pack', '--silent', join(folder, 'client')], { cwd: folder });
      await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
      await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${stdout.trim()}`], {
        cwd: folder,
      });
      await writeFile(join(folder, 'program.ts'), program);
      const strict = [
        '--strict',
        '--noEmit',
        '--module',
        'nodenext',
        '--target',
        'esnext',
        '--exactOptionalPropertyTypes',
      ];
      const types = ['--types', 'node', '--typeRoots', path('../../../node_modules/@types')];
      const tsc = path('../../../node_modules/typescript/bin/tsc');
      await run(process.execPath, [tsc, ...strict, ...types, 'program.ts'], { cwd: folder }).catch(
        (error: unknown) => {
          throw new Error(String(Reflect.get(Object(error), 'stdout')));
        },
      );
      const ran = await run(process.execPath, ['program.ts'], { cwd: folder });
      expect(ran.stdout.trim()).toBe('it runs function function function');
      const { stdout: installed } = await run('npm', ['ls', '--all', '--parseable'], { cwd: folder });
      expect(installed.trim().split('\n')).toHaveLength(2);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
