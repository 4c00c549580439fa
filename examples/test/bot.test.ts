/** The bot as a process of its own, killed and started again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openStage, until, type Stage } from '../../packages/client/test/support/people.ts';
import { endChildren, startNode, type Child } from '../../packages/server/test/support/child.ts';

const program = fileURLToPath(new URL('../bot/bot.ts', import.meta.url));

let stage: Stage;
let folder: string;
beforeAll(async () => {
  stage = await openStage();
  folder = await mkdtemp(join(tmpdir(), 'parley-bot-'));
});
afterEach(endChildren);
afterAll(async () => {
  await stage.close();
  await rm(folder, { recursive: true, force: true });
});

/** Resolves once the bot listens. */
async function startBot(cursorFile: string): Promise<Child> {
  const bot = startNode(program, [], {
    env: {
      PATH: process.env['PATH'],
      PARLEY_URL: stage.url,
      PARLEY_TOKEN: await stage.server.token({ sub: 'counter' }),
      BOT_CURSOR_FILE: join(folder, cursorFile),
    },
  });
  while (!(await bot.line()).startsWith('counter is counting'));
  return bot;
}

async function kill({ process, ended }: Child): Promise<void> {
  process.kill('SIGKILL');
  await ended;
}

const answersIn = (group: { readonly messages: readonly { sender_id: string; content: string }[] }) =>
  group.messages.flatMap(({ sender_id: id, content }) => (id === 'counter' ? [content] : []));

test('answers at once, and once only, what was asked while it was there, dead, or just started', async () => {
  const ann = stage.client('ann');
  await ann.connect();
  const group = await ann.createConversation({ type: 'group', participant_ids: ['counter'] });
  await group.open();
  const first = await startBot('cursor');
  const asked = await group.send('/count to be or not to be');
  await until(group, (state) => answersIn(state).length === 1);
  expect(group.messages.at(-1)).toMatchObject({ content: '6 words', reply_to_id: asked.id });

  // What was answered stays so; the bot goes on.
  await group.editMessage(asked.id, '/count to be');

  await kill(first);
  await group.send('/count one');
  await group.send('just talking');
  await group.send('/count  two words ');
  const second = await startBot('cursor');
  await until(group, (state) => answersIn(state).length === 3);
  expect(answersIn(group).slice(1)).toEqual(['1 word', '2 words']);

  second.process.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
});

test('answers nothing twice, though two run at once and a third has lost its memory', async () => {
  const bea = stage.client('bea');
  await bea.connect();
  const group = await bea.createConversation({ type: 'group', participant_ids: ['counter'] });
  await group.open();
  const two = await Promise.all([startBot('one'), startBot('other')]);
  await group.send('/count once only');
  await until(group, (state) => answersIn(state).length === 1);
  await Promise.all(two.map(kill));
  const third = await startBot('lost');
  await group.send('/count this is the last');
  await until(group, (state) => answersIn(state).includes('4 words'));
  expect(answersIn(group)).toHaveLength(2);
  await kill(third);
});
