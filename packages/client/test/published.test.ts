/** What is published works where there is nothing of this repository. */
import { expect, test } from 'vitest';
import { install } from './support/published.ts';

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

test('it is installed from its tarball, is typed, and runs, with no dependency', async () => {
  const installed = await install(['client']);
  try {
    expect(await installed.run(program)).toBe('it runs function function function');
    expect(await installed.packages()).toHaveLength(2);
  } finally {
    await installed.remove();
  }
});
