/** What is published works where there is nothing of this repository. */
import { expect, test } from 'vitest';
import { install } from '../../client/test/support/published.ts';

const program = `
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createParley } from '@parley/client';
import { ParleyProvider, useConnection, useMessages, type Messages } from '@parley/react';
const parley = createParley({ url: 'http://127.0.0.1:9', getToken: () => 'a token', userId: 'ann' });
function Lunch() {
  const { messages }: Messages = useMessages('lunch');
  const connection = useConnection();
  // @ts-expect-error -- there is no such status
  if (connection.status === 'connected') return null;
  return createElement('p', null, connection.status, ', ', messages.length);
}
console.log(renderToString(createElement(ParleyProvider, { client: parley, connect: false }, createElement(Lunch))));
`;

const beside = ['react', 'react-dom', 'scheduler', '@types/react', '@types/react-dom', 'csstype'];

test('it is installed from its tarball beside that of the client, is typed, and renders', async () => {
  const installed = await install(['client', 'react'], beside);
  try {
    expect(await installed.run(program)).toBe('<p>closed<!-- -->, <!-- -->0</p>');
  } finally {
    await installed.remove();
  }
});
